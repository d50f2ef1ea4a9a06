import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { REPOSITORY } from './tools.ts';

const require = createRequire(import.meta.url);

/** One instruction, as dockerfile-ast reads it. */
export interface Instruction {
  getKeyword(): string;
  getArgumentsContent(): string | null;
}

interface Ast {
  readonly DockerfileParser: { parse(text: string): { getInstructions(): readonly Instruction[] } };
}

export const DOCKERFILE = readFileSync(new URL('Dockerfile', REPOSITORY), 'utf8');

/** The stages of the Dockerfile, each from its FROM on. */
export function readStages(): readonly (readonly Instruction[])[] {
  const { DockerfileParser } = require('dockerfile-ast') as Ast;
  const stages: Instruction[][] = [];
  for (const instruction of DockerfileParser.parse(DOCKERFILE).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction); // ARG before the first FROM is no stage's
  }
  return stages;
}

/** What follows a keyword in the stage that becomes the image. */
export function readFinal(keyword: string): readonly string[] {
  return (readStages().at(-1) ?? [])
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => instruction.getArgumentsContent() ?? '');
}

/** The command of an ENTRYPOINT or a HEALTHCHECK in exec form. */
export function readCommand(keyword: 'ENTRYPOINT' | 'HEALTHCHECK'): readonly string[] {
  const [text] = readFinal(keyword);
  return JSON.parse((text ?? '').slice((text ?? '').indexOf('['))) as string[];
}
