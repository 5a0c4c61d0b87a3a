// What the report's script reads from the page, and what it keeps while a person looks at it.

import type { AnyRecord, Box, Chunk, RunLengthMask } from "./records";

/** The block `run`: what output/report/page.py and cli/report.py say of the run. */
export interface Run {
  task: string;
  media: "image" | "audio" | "text";
  command: string;
  model: string;
  revision: string | null;
  // Where a model was loaded.
  device?: string;
  device_why?: string;
  dtype?: string;
  dtype_why?: string;
  options: Record<string, string>;
  resumed: boolean;
  version: string;
  count: number;
  failed: number;
  stopped: string | null;
  shape: Shape;
  /** Colours of the labels that were answered, and the ink on each, as #rrggbb. */
  colours: Record<string, string>;
  inks: Record<string, string>;
  /** 256 colours from dark to light where there are depths. */
  heat: string[];
  /** A pattern of the characters that no name may show. */
  unsafe: string;
  /** ISO 8601. */
  began: string;
  seconds: number;
}

/** How the results of the run look, as output/presentation.py tells; fields by name, "" is none. */
export interface Shape {
  view: "fields" | "ranking" | "table" | "spans" | "transcript" | "depth" | "reply" | "text";
  label: string;
  score: string;
  word: string;
  start: string;
  end: string;
  text: string;
  heading: string;
  /** Whether a text may go on with that of its input. */
  continues: boolean;
}

/** A block `preview`, as output/report/previews.py makes it; media are data URLs. */
export interface Preview {
  link?: string;
  // Pictures; sizes are those of the original.
  width?: number;
  height?: number;
  image?: string;
  /** A grey picture: 0 is the least depth. */
  depth?: string;
  // Recordings.
  seconds?: number;
  /** Seconds of the file before what was heard, which is all that is shown. */
  begins?: number;
  /** From 0 to 100. */
  peaks?: number[];
  sound?: string | null;
  // Texts; offsets count code points of the original.
  text?: string;
  start?: number;
  length?: number;
  pair?: string;
}

/** One thing that was found, in one shape for all tasks. */
export interface Answer {
  label: string | null;
  score: number | null;
  word?: string;
  question?: string;
  start?: number;
  end?: number;
  box?: Box;
  mask?: RunLengthMask;
  area?: number;
}

export type Status = "all" | "found" | "nothing" | "failed" | "warned";
export type Order = "input" | "name" | "high" | "low";
export type Layer = "boxes" | "masks" | "names";

/** What the reader has chosen to see. */
export interface View {
  query: string;
  status: Status;
  labels: Set<string>;
  sort: Order;
  threshold: number;
  /** How much the depth covers its picture, in percent. */
  depth: number;
  layers: Record<Layer, boolean>;
}

/** All that changes while the page is open. */
export interface State {
  readonly run: Run;
  readonly entries: readonly Entry[];
  readonly scores: Scores;
  view: View;
  /** The entries that pass the filters, as they are sorted. */
  order: Entry[];
  /** What the keys act on. */
  chosen: Entry | null;
  /** What the viewer shows, if it is open. */
  shown: { entry: Entry; frame: Frame | null } | null;
  playing: Player | null;
  /** Of entries whose cards were made. */
  readonly cards: Map<Entry, Card>;
}

export interface Scores {
  any: boolean;
  lowest: number;
  /** Whether all lie between 0 and 1. */
  shares: boolean;
}

/** Left, top, right and bottom, in pixels on screen. */
export type Sides = [number, number, number, number];

/** What a name tells of. `middle` is a point inside a region that is no box. */
export interface Subject {
  frame: Sides;
  area: number;
  middle: [number, number] | null;
}

/** The elements of page.html that the script reaches. */
export interface Elements {
  about: HTMLDetailsElement;
  cards: HTMLElement;
  command: HTMLElement;
  depth: HTMLInputElement;
  "depth-field": HTMLElement;
  end: HTMLElement;
  facts: HTMLElement;
  failures: HTMLDetailsElement;
  heading: HTMLElement;
  help: HTMLDialogElement;
  layers: HTMLElement;
  legend: HTMLElement;
  "more-tools": HTMLElement;
  notices: HTMLElement;
  overview: HTMLDetailsElement;
  query: HTMLInputElement;
  "show-help": HTMLElement;
  shown: HTMLElement;
  sort: HTMLSelectElement;
  status: HTMLElement;
  theme: HTMLElement;
  threshold: HTMLInputElement;
  "threshold-field": HTMLElement;
  tools: HTMLElement;
  viewer: HTMLDialogElement;
}

export type Entry = import("../taskcli/output/report/entries.js").Entry;
export type Card = import("../taskcli/output/report/cards.js").Card;
export type Frame = import("../taskcli/output/report/pictures.js").Frame;
export type Player = import("../taskcli/output/report/sounds.js").Player;

export type Child = Node | string | null | undefined;
export type Children = Child | readonly Child[];

export type { AnyRecord, Box, Chunk, RunLengthMask };
