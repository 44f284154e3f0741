// Text, as Markdown, HTML or code. What could run is left out of it.
import { renderMarkdown, textUtil, type PanelProps } from '@grafana/data';
import { Message } from './nodata';

interface Options {
  mode: 'markdown' | 'html' | 'code';
  content: string;
}

export function TextPanel({ options, replaceVariables }: PanelProps<Options>) {
  const content = replaceVariables(options.content ?? '');
  const style = { height: '100%', overflow: 'auto' };
  if (options.mode === 'code') {
    return <pre style={style}>{content}</pre>;
  }
  const html = options.mode === 'html' ? textUtil.sanitize(content) : renderMarkdown(content);
  return <div className="markdown-html" style={style} dangerouslySetInnerHTML={{ __html: html }} />;
}

/** In place of a panel that this page has no code for. */
export function unsupported(type: string) {
  return () => <Message text={`Panels of the type ${type} are not drawn here. Grafana shows them.`} />;
}
