/** What makes a function a command: options, `--help`, exit codes. */

import { parseArgs } from "node:util";
import { deleteApp, getApps } from "firebase-admin/app";
import { z } from "zod";
import { printable } from "../../page/printable.js";
import { type Session, terminal, UsageError } from "./session.ts";

/** What a tool ends with. `verify` ends with `failed` if it found differences. */
export const ExitCode = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface Command<Options extends z.ZodObject> {
  /** The npm script. */
  name: string;
  /** What it does, in a few sentences. */
  summary: string;
  /** The options of a run to try. */
  example: string;
  /** By their names on the command line; each is registered in `optionHelp`. */
  options: Options;
  run(values: z.output<Options>, session: Session): Promise<ExitCode>;
}

/** What `--help` says of an option. One without a `value` is a flag. */
export const optionHelp = z.registry<{ value?: string; text: string }>();

/** A text that need not be given. */
export const text = (value: string, text: string) =>
  z.string().min(1, { error: "a value" }).optional().register(optionHelp, { value, text });

export const flag = (text: string) => z.boolean().default(false).register(optionHelp, { text });

/** A whole number, at least `min`; `initial` where it is not given. */
export const wholeNumber = (min: number, initial: number, text: string) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: `a whole number from ${min}` })
    .transform(Number)
    .refine((number) => number >= min, { error: `a whole number from ${min}` })
    .default(initial)
    .register(optionHelp, { value: "N", text: `${text} (default ${initial})` });

/** The options that mean the same in every tool. */
export const project = text("ID", "the project (default: GOOGLE_CLOUD_PROJECT)");
export const app = text("ID", "only this app");
export const version = text("VERSION", "only this version");
export const yes = flag("do not ask before something changes");

/** Runs a command as this process. */
export async function main<Options extends z.ZodObject>(command: Command<Options>): Promise<void> {
  process.exitCode = await runCommand(command, process.argv.slice(2), terminal);
  await Promise.all(getApps().map(deleteApp));
}

/** Runs a command with the operator's arguments. An error is shown in words, never as a stack trace. */
export async function runCommand<Options extends z.ZodObject>(
  command: Command<Options>,
  args: string[],
  session: Session,
): Promise<ExitCode> {
  try {
    const { help, ...given } = parseOptions(command.options, args);
    if (help) {
      session.print(helpText(command));
      return ExitCode.done;
    }
    const values = command.options.safeParse(given);
    if (!values.success) throw new UsageError(explain(values.error, given));
    return await command.run(values.data, session);
  } catch (error) {
    const message = printable(error instanceof Error ? error.message : String(error));
    const isUsage = error instanceof UsageError;
    const advice = isUsage ? `\nAll options: npm run ${command.name} -- --help` : "";
    session.complain(`${command.name}: ${message}${advice}`);
    return isUsage ? ExitCode.usage : ExitCode.failed;
  }
}

function parseOptions(options: z.ZodObject, args: string[]) {
  const types = Object.entries(options.shape).map(([name, schema]) => {
    const isFlag = optionHelp.get(schema)?.value === undefined;
    return [name, { type: isFlag ? "boolean" : "string" }] as const;
  });
  try {
    const help = { type: "boolean" } as const;
    return parseArgs({ args, options: { ...Object.fromEntries(types), help } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Names every option at fault, what was expected and what came. */
function explain(error: z.ZodError, given: Record<string, unknown>): string {
  return error.issues
    .map(({ path, message }) => {
      const option = String(path[0]);
      const value = given[option] === undefined ? "nothing" : JSON.stringify(given[option]);
      return `--${option}: expected ${message}, got ${value}`;
    })
    .join("; ");
}

function helpText({
  name,
  summary,
  example,
  options,
}: Pick<Command<z.ZodObject>, "name" | "summary" | "example" | "options">): string {
  const described = Object.entries(options.shape).map(([option, schema]) => {
    const { value, text = "" } = optionHelp.get(schema) ?? {};
    return { usage: value ? `--${option} ${value}` : `--${option}`, text };
  });
  const lines = [...described, { usage: "--help", text: "this text" }];
  const width = Math.max(...lines.map(({ usage }) => usage.length));
  return [
    `npm run ${name} -- [options]`,
    "",
    summary,
    "",
    ...lines.map(({ usage, text }) => `  ${usage.padEnd(width)}  ${text}`),
    "",
    `Example: npm run ${name} -- ${example}`,
    "Exit codes: 0 done, 1 failed or differences found, 2 wrong use or no access to a project.",
  ].join("\n");
}
