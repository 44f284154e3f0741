// How the value of a variable becomes part of a query.

/** Whether several values can be chosen: then the variable stands in a matcher with a regular expression. */
interface Variable {
  multi?: boolean;
  includeAll?: boolean;
}

/** One value is escaped for where it stands, several become alternatives. */
export function quote(value: unknown, variable: Variable): string {
  if (Array.isArray(value)) {
    const values = value.map((one) => quotePattern(String(one)));
    return values.length === 1 ? String(values[0]) : `(${values.join('|')})`;
  }
  const text = String(value);
  return variable.multi || variable.includeAll ? quotePattern(text) : quoteText(text);
}

/** For a string in double quotes. */
function quoteText(text: string): string {
  return text.replace(/[\\"]/g, '\\$&');
}

/** For a regular expression in a string in double quotes. */
function quotePattern(text: string): string {
  return quoteText(text.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&'));
}
