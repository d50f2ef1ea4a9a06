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

/** A file of promtool's unit tests, in the short form that `expanded-tests.ts` completes. */
export interface RuleTestFile {
  /** Relative to the tests. */
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  readonly tests: readonly RuleTest[];
}

export interface RuleTest {
  readonly name: string;
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly {
      readonly exp_labels: Readonly<Record<string, string>>;
      readonly exp_annotations: Readonly<Record<string, string>>;
    }[];
  }[];
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
  return ruleTestFiles().flatMap((file) => readRuleTestFile(file).tests);
}

export function readRuleTestFile(file: string): RuleTestFile {
  return parse(readFileSync(new URL(file, TESTS_FOLDER), 'utf8')) as RuleTestFile;
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
