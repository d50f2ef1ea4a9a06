import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const RULES_FOLDER = new URL('../../deploy/prometheus/rules/', import.meta.url);
export const TESTS_FOLDER = new URL('./', import.meta.url);

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** One case of promtool's unit tests. */
export interface RuleTest {
  readonly name: string;
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly (AlertRule | RecordingRule)[] }[];
}

export function readAlerts(): AlertRule[] {
  return readRules().filter((rule): rule is AlertRule => 'alert' in rule);
}

export function readRecordings(): RecordingRule[] {
  return readRules().filter((rule): rule is RecordingRule => 'record' in rule);
}

export function readRuleTests(): RuleTest[] {
  return ruleTestFiles().flatMap((file) => {
    return (parse(readFileSync(new URL(file, TESTS_FOLDER), 'utf8')) as { tests: RuleTest[] }).tests;
  });
}

/** Names of promtool's test files in this folder. */
export function ruleTestFiles(): string[] {
  return readdirSync(TESTS_FOLDER).filter((name) => name.endsWith('.test.yml'));
}

function readRules(): (AlertRule | RecordingRule)[] {
  const files = readdirSync(RULES_FOLDER).filter((name) => name.endsWith('.yml'));
  return files.flatMap((file) => {
    const { groups } = parse(readFileSync(new URL(file, RULES_FOLDER), 'utf8')) as RuleFile;
    return groups.flatMap((group) => group.rules);
  });
}
