/** Runs a function as a command: options, `--help`, exit codes. */

import { CommanderError, Command as CommandLine } from "commander";
import { deleteApp, getApps } from "firebase-admin/app";
import { z } from "zod";
import { printable } from "../../src/printable.ts";
import { type Session, terminal, UsageError } from "./session.ts";

/**
 * Exit codes. A command that looks for faults ends with `failed` if it has found any, and with `unavailable` (as `sysexits.h` has
 * it) where what it needs is not on this machine.
 */
export const ExitCode = { done: 0, failed: 1, usage: 2, unavailable: 69 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface Command<Options extends z.ZodObject> {
  /** The npm script. */
  name: string;
  /** A few sentences for `--help`. */
  summary: string;
  /** The options of a run to try. */
  example: string;
  /** By their names in code: `olderThan` is `--older-than`. Each is registered in `optionHelp`. */
  options: Options;
  run(values: z.output<Options>, session: Session): Promise<ExitCode>;
}

/** The line of an option in `--help`. One without a `value` is a flag. */
export const optionHelp = z.registry<{ value?: string; text: string }>();

/** A text that need not be given. */
export const text = (value: string, text: string) =>
  z.string().min(1, { error: "a value" }).optional().register(optionHelp, { value, text });

export const flag = (text: string) => z.boolean().default(false).register(optionHelp, { text });

/** A whole number from `min` on, up to `max` if there is one; `initial` where it is not given. */
export const wholeNumber = (min: number, initial: number, text: string, max?: number) => {
  const error = `a whole number from ${min}${max === undefined ? "" : ` to ${max}`}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((number) => number >= min && number <= (max ?? number), { error })
    .default(initial)
    .register(optionHelp, { value: "N", text: `${text} (default ${initial})` });
};

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

/** Runs a command with the arguments given. An error is shown in words, never as a stack trace. */
export async function runCommand<Options extends z.ZodObject>(
  command: Command<Options>,
  args: string[],
  session: Session,
): Promise<ExitCode> {
  try {
    const given = commandLine(command, session).parse(args, { from: "user" }).opts();
    const values = command.options.safeParse(given);
    if (!values.success) throw new UsageError(explain(values.error, given));
    return await command.run(values.data, session);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.done; // It has shown the help.
    const isUsage = error instanceof UsageError || error instanceof CommanderError;
    const message = error instanceof Error ? error.message : String(error);
    const said =
      error instanceof CommanderError ? message.replace(/^error: /, "").replace("\n", " ") : message;
    const advice = isUsage ? `\nAll options: npm run ${command.name} -- --help` : "";
    session.complain(`${command.name}: ${said.split("\n").map(printable).join("\n")}${advice}`);
    return isUsage ? ExitCode.usage : ExitCode.failed;
  }
}

/** Throws a `CommanderError` where the arguments are wrong, and after it has shown the help. */
function commandLine(command: Command<z.ZodObject>, session: Session): CommandLine {
  const { name, summary, example, options } = command;
  const line = new CommandLine(`npm run ${name} --`)
    .description(summary)
    .helpOption("--help", "this text")
    .addHelpText("after", `\nExample: npm run ${name} -- ${example}\n${EXIT_CODES}`)
    .exitOverride()
    .configureOutput({ writeOut: (text) => session.print(text.trimEnd()), outputError: () => {} });
  for (const [option, schema] of Object.entries(options.shape)) {
    const { value, text = "" } = optionHelp.get(schema) ?? {};
    line.option(value ? `${flagOf(option)} <${value}>` : flagOf(option), text);
  }
  return line;
}

const EXIT_CODES =
  "Exit codes: 0 done, 1 failed or differences found, 2 wrong use or no access to a project.";

function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Names every option at fault, what was expected and what came. */
function explain(error: z.ZodError, given: Record<string, unknown>): string {
  return error.issues
    .map(({ path, message }) => {
      const option = String(path[0]);
      const value = given[option] === undefined ? "nothing" : JSON.stringify(given[option]);
      return `${flagOf(option)}: expected ${message}, got ${value}`;
    })
    .join("; ");
}
