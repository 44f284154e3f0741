// What is seen of a panel, in the browser. Judged by faults.mjs.

/** One y axis of a plot. */
export interface Axis {
  unit: string;
  min: number;
  max: number;
  lines: Line[];
}

/** One line of a plot; stacked ones as they are drawn. */
export interface Line {
  name: string;
  /** Numbers only: gaps are left out. */
  values: number[];
}

/** One query of a panel. */
export interface Query {
  refId: string;
  expr: string;
  legend: string;
  /** Whether it returned a number. */
  answered: boolean;
}

export interface Panel {
  /** `panel-` and its number in the file. */
  key: string;
  title: string;
  type: string;
  /** `Done`, `Error`, or what it still was when waiting for it was given up. */
  state: string;
  errors: string[];
  queries: Query[];
  /** The names of what is shown. */
  names: string[];
  overrides: { matcher: string; options: unknown }[];
  /** Where the title has no room: pixels it has, pixels it needs. */
  titleCut: [number, number] | undefined;
  /** Where content scrolls: what, pixels it has, pixels it needs. */
  scrolls: ['legend' | 'content', number, number][];
  /** Texts that are shown in green, or on green. */
  green: string[];
  axes: Axis[];
}

/** One dashboard at one width. */
export interface Facts {
  /** Errors of variables and annotations. */
  errors: string[];
  panels: Panel[];
}

/** A panel or a row in a dashboard's file, as far as it matters here. */
export interface GridPanel {
  id: number;
  type: string;
  title?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  collapsed?: boolean;
  panels?: GridPanel[];
}

/** A dashboard's file. */
export interface Dashboard {
  name: string;
  json: { uid: string; panels: GridPanel[] };
}
