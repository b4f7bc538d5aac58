/**
 * Records: the state of one synced thing, and its wire row.
 *
 * Most fields of a record are as its create made them, so a row holds the create's stamp (`v`),
 * which is their version, and lists the others (`vx`).
 *
 * Invariants
 *   * `Record.fromRow(record.row(), spec)` is equal to the record.
 *   * A field that was never written has the version of the create.
 *   * Values are shared, never changed in place: a change makes them anew.
 */
import type { RecordType } from "./catalogue";
import type { Fields, Json } from "./types";

export type Row = readonly Json[];
type Versions = { readonly [field: string]: string };

/** One record while it is being changed. Values stand in the type's order. */
export class Record {
  private constructor(
    readonly id: string,
    readonly spec: RecordType,
    public head: string,
    public v: string,
    public values: Json[],
    public vx: Versions | null,
    public c: readonly string[] | null,
    public x: Fields | null,
    public deleted: boolean,
  ) {}

  /** A record as its create made it. Fields of an unknown name are kept in `x`. */
  static created(id: string, spec: RecordType, stamp: string, values: Fields): Record {
    const row = spec.fields.map((one) => values[one.name] ?? null);
    const unknown = Object.entries(values).filter(([name]) => !spec.index.has(name));
    const x = unknown.length > 0 ? Object.fromEntries(unknown) : null;
    return new Record(id, spec, stamp, stamp, row, null, null, x, false);
  }

  /** A record from its wire row; rows of an older schema are filled up with nulls. */
  static fromRow(row: Row, spec: RecordType, deleted: boolean): Record {
    const [id, head, v, vx, c, x, ...values] = row;
    while (values.length < spec.fields.length) values.push(null);
    return new Record(
      id as string, spec, head as string, v as string, values,
      (vx ?? null) as Versions | null, (c ?? null) as string[] | null, (x ?? null) as Fields | null,
      deleted,
    );
  }

  /** The wire row, in the order of `spec.keys`. */
  row(): Json[] {
    return [
      this.id, this.head, this.v, this.vx, this.c as string[] | null, this.x as Json, ...this.values,
    ];
  }

  /** A copy that can be changed apart. */
  copy(): Record {
    return new Record(
      this.id, this.spec, this.head, this.v, [...this.values], this.vx, this.c, this.x, this.deleted,
    );
  }

  /** The value of a field, known to the schema or not. */
  get(name: string): Json {
    const place = this.spec.index.get(name);
    return (place === undefined ? this.x?.[name] : this.values[place]) ?? null;
  }

  /** The stamp of the operation that wrote a field's present value. */
  version(name: string): string {
    return this.vx?.[name] ?? this.v;
  }

  /** Field → version, for every field. */
  versions(): { [field: string]: string } {
    const names = [...this.spec.fields.map((one) => one.name), ...Object.keys(this.x ?? {})];
    return Object.fromEntries(names.map((name) => [name, this.version(name)]));
  }

  /** Write a field and its version. Unknown names go to `x`. */
  put(name: string, value: Json, stamp: string): void {
    const place = this.spec.index.get(name);
    if (place === undefined) {
      this.x = { ...this.x, [name]: value };
      this.vx = { ...this.vx, [name]: stamp };
      return;
    }
    this.values[place] = value;
    const others: { [field: string]: string } = { ...this.vx, [name]: stamp };
    if (stamp === this.v) delete others[name];
    this.vx = Object.keys(others).length > 0 ? others : null;
  }

  /** Take the mark of an open conflict away. */
  unflag(name: string): void {
    const left = (this.c ?? []).filter((one) => one !== name);
    this.c = left.length > 0 ? left : null;
  }
}
