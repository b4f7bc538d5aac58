/**
 * What went wrong, in words, whatever was thrown.
 *
 * The engine refuses with a `Refusal`, whose problem has words in both languages.
 * Anything else is a mistake in the app: the person is told so, and what is so of
 * their work, and the error's own text is kept for who looks after the app.
 */

import type { Problem, Refusal } from "../engine";
import { language, said, t } from "./i18n";

const isRefusal = (error: unknown): error is Refusal =>
  error instanceof Error && "problem" in error;

/** The problem of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (isRefusal(error)) return error.problem;
  return {
    code: "app_failed",
    words: {
      zh: "程序出了差错。已保存的内容还在本机，请再试一次；仍不行就重新打开应用。",
      en: "The app made a mistake. What was saved is still on this tablet. Try again; if it fails once more, open the app anew.",
    },
    pointer: null,
    field: null,
    label: null,
    definite: false,
    told: error instanceof Error ? `${error.name}: ${error.message}` : null,
    waitMs: null,
  };
}

/** One sentence: the server's own if it said one, else ours. */
export function sentence(problem: Problem): string {
  return problem.code === "app_failed"
    ? said(problem.words)
    : (problem.told ?? said(problem.words));
}

/** "Code: unreachable", for who reads it out to the office; never without the sentence. */
export function codeLine(problem: Problem): string {
  void language.value;
  const more = problem.code === "app_failed" && problem.told ? ` · ${problem.told}` : "";
  return t("problem.code", { code: problem.code }) + more;
}
