/**
 * A form on the screen: what stands in its inputs, its draft, and its saving.
 *
 * Whatever is typed is in the tablet's database 300 ms later, and comes back when the
 * form is opened again: after a call, a crash, an empty battery.
 *
 * What is hard: a draft lies for days while the record goes on. If it held the whole
 * form, saving it would put back what others have changed since. So it holds only the
 * inputs that somebody touched; and if the server changed one of those meanwhile, the
 * person is shown the new value and asked once more before theirs goes over it.
 *
 * The same form may be open in two windows, and both write one draft. Neither can see the other's
 * inputs, so each is told when something else is put there, and may take it over; and each is
 * told when the other has saved, because a second saving would record a visit twice.
 *
 * Invariants
 *   - An input that nobody touched is never part of a draft or of an operation.
 *   - Saving that fails leaves the form as it is, and says why.
 *   - A draft goes in the same moment in which the work made from it is kept.
 */

import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Json, Problem, View } from "../../engine";
import { same } from "../../engine/values";
import { problemOf } from "../problems";
import { useSession } from "../session";
import type { Raw } from "./forms";

export interface FormAbout {
  key: string;
  purpose: string;
  type: string | null;
  record: string | null;
  /** What the list of drafts calls it. */
  title: string;
}

export interface Form {
  raw: Raw;
  set: (name: string, value: Json) => void;
  /** Names of the inputs that somebody touched. */
  touched: ReadonlySet<string>;
  /** When the draft was saved that this form came back from; null if it is a new form. */
  restoredMs: number | null;
  /** Empty the form of what was typed, and the draft with it. Answers with what puts it back. */
  discard: () => () => void;
  /** What is wrong with an input, in words, by name; gone as soon as it is changed. */
  wrong: Readonly<Record<string, string>>;
  refuse: (name: string, words: string) => void;
  saving: boolean;
  problem: Problem | null;
  /** Do the saving; true if it came off. `work` must hand `draft` on to the engine. */
  save: (work: (draft: string) => Promise<unknown>) => Promise<boolean>;
  /** What another window did with the same form; null if nothing. */
  elsewhere: Elsewhere | null;
  /** What was typed becomes a draft again: for who takes back what was saved. */
  keep: () => void;
}

export interface Elsewhere {
  /** Put what was typed there into this form too; null if it was saved there. */
  take: (() => void) | null;
}

/** A form that begins with `initial` and what a draft has of it. */
export function useForm(about: FormAbout, initial: Raw): Form {
  const { drafts } = useSession().replica;
  const first = useRef(initial);
  const [restored, setRestored] = useState(() => drafts.get(about.key) ?? null);
  const [typed, setTyped] = useState<Raw>(() => ({ ...restored?.values }));
  const [saving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const latest = useRef(typed);
  const elsewhere = useElsewhere(about.key, () => latest.current, () => isSaving.current || isSaved.current);
  // Two taps within one drawing must not save twice, nor the second while the form is on its way
  // off the screen: what was saved can be saved again only when something else stands in it.
  const isSaving = useRef(false);
  const isSaved = useRef(false);

  const put = (values: Raw) => {
    latest.current = values;
    isSaved.current = false;
    setTyped(values);
    elsewhere.mine(values);
    if (Object.keys(values).length === 0) void drafts.discard(about.key);
    else drafts.put({ ...about, values });
  };
  const set = (name: string, value: Json) => {
    const values = { ...latest.current, [name]: value };
    if (same(value, first.current[name])) delete values[name];
    setProblem(null);
    setWrong(({ [name]: _gone, ...others }) => others);
    put(values);
  };
  const discard = () => {
    const values = latest.current;
    put({});
    setRestored(null);
    return () => put(values);
  };
  const keep = () => {
    const values = latest.current;
    if (Object.keys(values).length > 0) drafts.put({ ...about, values });
  };
  const save = async (work: (draft: string) => Promise<unknown>): Promise<boolean> => {
    if (isSaving.current || isSaved.current) return false;
    isSaving.current = true;
    setSaving(true);
    setProblem(null);
    try {
      await work(about.key);
      isSaved.current = true;
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      return false;
    } finally {
      isSaving.current = false;
      setSaving(false);
    }
  };
  useEffect(() => {
    const flush = () => void drafts.flush().catch(() => undefined);
    return flush;
  }, []);
  const raw = useMemo(() => ({ ...first.current, ...typed }), [typed]);
  const touched = useMemo(() => new Set(Object.keys(typed)), [typed]);
  const refuse = (name: string, words: string) =>
    setWrong((others) => ({ ...others, [name]: words }));
  const restoredMs = restored?.savedMs ?? null;
  const { found } = elsewhere;
  return {
    raw, set, touched, restoredMs, discard, wrong, refuse, saving, problem, save, keep,
    elsewhere: found && { take: found === "saved" ? null : () => put({ ...latest.current, ...found }) },
  };
}

/** What another window put into the draft, or "saved" if the draft went from under this form. */
function useElsewhere(key: string, typed: () => Raw, isOwn: () => boolean) {
  const { drafts } = useSession().replica;
  const [found, tell] = useState<Raw | "saved" | null>(null);
  // Whatever this window ever put there: it may be on the disk a moment after more was typed.
  const own = useRef(new Set<string>([JSON.stringify(drafts.get(key)?.values)]));
  useEffect(() => {
    let wasThere = false;
    return effect(() => {
      const kept = drafts.all.value.find((one) => one.key === key);
      const isOther = kept && !own.current.has(JSON.stringify(kept.values));
      if (isOther && !same(kept.values, typed())) tell(kept.values);
      const isGone = wasThere && !kept && !isOwn();
      if (isGone && Object.keys(typed()).length > 0) tell("saved");
      wasThere = kept !== undefined;
    });
  }, []);
  const mine = (values: Raw) => {
    own.current.add(JSON.stringify(values));
    tell(null);
  };
  return { found, mine };
}

/** Of the fields about to be written, those that the server changed since the form was opened. */
export function overtaken(opened: View, now: View | null, fields: readonly string[]): string[] {
  return now ? fields.filter((name) => !same(opened.get(name), now.get(name))) : [];
}
