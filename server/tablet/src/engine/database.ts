/**
 * A browser's database as promises: opening, one transaction, and what can go wrong.
 *
 * IndexedDB commits a transaction as soon as nothing is asked of it, loses it when a tab dies
 * before that, and tells of a full disk only at its end. The few functions here keep to what
 * is safe: all requests are made at once, and a promise resolves when the transaction has
 * completed, never when a request has succeeded. A library would bring 36 kB for what this
 * does in a page: nothing here queries.
 *
 * Invariants
 *   * `write` resolves after the browser said that the transaction is complete, and durably
 *     where it can be asked for that.
 *   * A database that another tab wants to delete or upgrade is closed at once; whoever has it
 *     open is told when nothing is left of it (`whenGone`).
 */
import { Refused } from "./problems";

/** Version → what it does to the database of the version before. Never changed once released. */
export type Migrations = readonly ((database: IDBDatabase, transaction: IDBTransaction) => void)[];

const OPEN_MS = 10_000;

/** Databases that were closed because another tab deletes or upgrades them. */
const left = new WeakSet<IDBDatabase>();
const goneHeard = new WeakMap<IDBDatabase, () => void>();

/** Called when a database is deleted under whoever has it open, by another tab or the browser. */
export function whenGone(database: IDBDatabase, act: () => void): void {
  goneHeard.set(database, act);
}

function begin(database: IDBDatabase, stores: string[], mode: IDBTransactionMode): IDBTransaction {
  if (left.has(database)) throw new Refused("storage_moved");
  return database.transaction(stores, mode, { durability: "strict" });
}

/** Open a database at its newest version. Refuses with a `storage_…` problem. */
export function openDatabase(factory: IDBFactory, name: string, migrations: Migrations): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, migrations.length);
    // Another tab holds an older version open and does not let go of it.
    const timer = setTimeout(() => reject(new Refused("storage_closed")), OPEN_MS);
    request.onupgradeneeded = (event) => {
      const transaction = request.transaction as IDBTransaction;
      for (const migrate of migrations.slice(event.oldVersion)) migrate(request.result, transaction);
    };
    request.onerror = () => {
      clearTimeout(timer);
      reject(request.error ?? new Refused("storage_closed"));
    };
    request.onsuccess = () => {
      clearTimeout(timer);
      const database = request.result;
      database.onversionchange = ({ newVersion }) => {
        left.add(database);
        database.close();
        if (newVersion === null) goneHeard.get(database)?.();
      };
      database.onclose = () => {
        left.add(database);
        goneHeard.get(database)?.();
      };
      resolve(database);
    };
  });
}

export function deleteDatabase(factory: IDBFactory, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Refused("storage_failed"));
    // `blocked` is no end: other tabs close theirs when they hear of it, and then it succeeds.
  });
}

/** The result of a request. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Refused("storage_failed"));
  });
}

/** Read in one transaction: `ask` makes its requests at once. */
export async function read<T>(
  database: IDBDatabase, stores: string[], ask: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  return ask(begin(database, stores, "readonly"));
}

/**
 * Write in one transaction. `act` makes its requests without waiting for anything but them;
 * what it answers is given when the transaction is complete.
 */
export function write<T>(
  database: IDBDatabase, stores: string[], act: (transaction: IDBTransaction) => Promise<T> | T,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const transaction = begin(database, stores, "readwrite");
    let outcome: Promise<T> | T;
    transaction.oncomplete = () => resolve(outcome);
    transaction.onabort = () => reject(transaction.error ?? new Refused("storage_failed"));
    try {
      outcome = act(transaction);
    } catch (error) {
      transaction.abort();
      reject(error);
      return;
    }
    if (outcome instanceof Promise) {
      outcome.catch((error: unknown) => {
        reject(error);
        try {
          transaction.abort();
        } catch {
          // It is over already.
        }
      });
    }
  });
}
