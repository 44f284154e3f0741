export interface Description {
  name: string;
  version: string;
  license: string;
  texts: string[];
}

export function licences(inputs: string[], others: string[]): string;
export function describe(folder: string): Description;
