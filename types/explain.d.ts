// What the script of explain's page reads beside what a report has; explain/page makes it.

import type { Preview, Run } from "./page";

export interface TensorShape {
  name: string;
  shape: (number | string)[];
  dtype: string;
}

export interface Stage {
  name: string;
  about: string;
  module: string;
  kind: string;
  repeats: number;
  calls: number;
  read: boolean;
  inputs: TensorShape[];
  outputs: TensorShape[];
  parameters: number;
  multiply_adds: number;
  seconds?: number;
  peak_bytes?: number;
}

/** A block `explained`, of each input that was answered. */
export interface Explained {
  architecture: string;
  parameters: number;
  multiply_adds: number;
  seconds: number;
  same: boolean;
  looked_same: boolean;
  training: string[];
  stages: Stage[];
}

export interface PackedFrame {
  place: string[];
  note: string;
  /** Left, top, right and bottom as shares of the picture. */
  box: [number, number, number, number] | null;
  shape: number[];
  low: number;
  high: number;
  code: "f4" | "u2" | "u1";
  /** Base64. */
  data: string;
}

interface Titled {
  title: string;
  about: string;
  /** The number of its stage. */
  stage: number;
}

export interface Framed {
  axes: string[];
  frames: PackedFrame[];
  left_out: number;
}

export interface MapsView extends Titled, Framed {
  kind: "maps";
  signed: boolean;
  shared: boolean;
  unit: string;
  /** Where the plane lies on the picture, if it does: left, top, right and bottom as shares of it. */
  extent: [number, number, number, number] | null;
}

export interface LooksView extends Titled, Framed {
  kind: "looks";
  /** Rows and columns. */
  grid: [number, number];
  /** Where they lie on the picture: left, top, right and bottom as shares of it. */
  extent: [number, number, number, number];
}

export interface GridView extends Titled, Framed {
  kind: "grid";
  rows: string[];
  columns: string[];
  marked: [number, number][];
  row_name: string;
  column_name: string;
  signed: boolean;
}

export interface StripView extends Titled, Framed {
  kind: "strip";
  pieces: string[];
  signed: boolean;
  measured: boolean;
}

export interface RowsView extends Titled {
  kind: "rows";
  heads: string[];
  rows: (string | number | null)[][];
  /** Of each column, whether its numbers are shares. */
  shares: boolean[];
}

export interface TreeNode {
  parent?: number | null;
  text: string;
  score: number | null;
  is_kept: boolean;
  is_answer: boolean;
}

export interface TreeView extends Titled {
  kind: "tree";
  nodes: TreeNode[];
}

export interface Piece {
  start: number;
  end: number;
  text: string;
  is_kept: boolean;
}

export interface WaveView extends Titled {
  kind: "wave";
  seconds: number;
  step: number;
  pieces: Piece[];
  /** One, [stretches, 2]: the least and the greatest sample of each. */
  frames: PackedFrame[];
}

export interface OtherView extends Titled {
  kind: "other";
}

export type PackedView =
  | MapsView | LooksView | GridView | StripView | RowsView | TreeView | WaveView | OtherView;

/** The block `run` of this page. */
export interface ExplainedRun extends Run {
  /** 256 colours from the least number over white to the greatest. */
  diverging: string[];
}

/** What a view is drawn with. */
export interface Drawing {
  run: ExplainedRun;
  preview: Preview;
  player: import("../taskcli/output/report/sounds.js").Player | null;
}
