// Annotations in a graph: a line or a region for each event, and below it a mark that tells what it is.
import { useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import uPlot from 'uplot';
import { colorManipulator, dateTimeFormat, textUtil, type DataFrame, type GrafanaTheme2, type TimeZone } from '@grafana/data';
import { Tooltip, useTheme2, type UPlotConfigBuilder } from '@grafana/ui';

interface Event {
  time: number;
  timeEnd: number;
  isRegion: boolean;
  color: string;
  title: string;
  text: string;
  tags: string[];
}

interface Props {
  config: UPlotConfigBuilder;
  frames: DataFrame[];
  timeZone: TimeZone;
}

export function Annotations({ config, frames, timeZone }: Props) {
  const theme = useTheme2();
  const events = frames.flatMap((frame) => eventsOf(frame, theme));
  const latest = useRef(events);
  latest.current = events;
  const [plot, setPlot] = useState<uPlot>();
  // The marks are placed anew whenever the plot is drawn.
  const [, setDrawn] = useState(0);

  useLayoutEffect(() => {
    config.addHook('init', setPlot);
    // Regions below the lines of the graph, which keep their colors; edges above.
    config.addHook('drawClear', (cleared: uPlot) => latest.current.forEach((event) => drawRegion(cleared, event)));
    config.addHook('draw', (drawn: uPlot) => {
      latest.current.forEach((event) => drawEdges(drawn, event));
      setDrawn((times) => times + 1);
    });
  }, [config]);
  // Events arrive after the graph.
  useLayoutEffect(() => plot?.redraw(false), [plot, frames]);

  if (!plot) {
    return null;
  }
  return createPortal(
    events.map((event, index) => <Mark key={index} plot={plot} event={event} timeZone={timeZone} />),
    plot.over,
  );
}

function eventsOf(frame: DataFrame, theme: GrafanaTheme2): Event[] {
  const column = (name: string): unknown[] => frame.fields.find((field) => field.name === name)?.values ?? [];
  const [time, timeEnd, isRegion, color, title, text, tags] = ['time', 'timeEnd', 'isRegion', 'color', 'title', 'text', 'tags'].map(column);
  return Array.from({ length: frame.length }, (_, index) => ({
    time: Number(time?.[index]),
    timeEnd: Number(timeEnd?.[index] ?? time?.[index]),
    isRegion: Boolean(isRegion?.[index]),
    color: theme.visualization.getColorByName(String(color?.[index] ?? 'red')),
    title: String(title?.[index] ?? ''),
    text: String(text?.[index] ?? ''),
    tags: (tags?.[index] as string[] | undefined) ?? [],
  }));
}

function drawRegion(plot: uPlot, event: Event) {
  within(plot, (position) => {
    const [from, to] = [position(event.time), position(event.timeEnd)];
    plot.ctx.fillStyle = colorManipulator.alpha(event.color, 0.1);
    plot.ctx.fillRect(from, plot.bbox.top, to - from, plot.bbox.height);
  });
}

function drawEdges(plot: uPlot, event: Event) {
  const { ctx, bbox } = plot;
  within(plot, (position) => {
    ctx.strokeStyle = event.color;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.setLineDash([5 * uPlot.pxRatio, 5 * uPlot.pxRatio]);
    for (const edge of event.isRegion ? [event.time, event.timeEnd] : [event.time]) {
      ctx.beginPath();
      ctx.moveTo(position(edge), bbox.top);
      ctx.lineTo(position(edge), bbox.top + bbox.height);
      ctx.stroke();
    }
  });
}

/** Draws nothing outside of the graph, and changes nothing for what is drawn next. */
function within(plot: uPlot, draw: (position: (time: number) => number) => void) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw((time) => Math.round(plot.valToPos(time, 'x', true)));
  ctx.restore();
}

/** A bar under the graph, as wide as the event, but wide enough to be pointed at. */
function Mark({ plot, event, timeZone }: { plot: uPlot; event: Event; timeZone: TimeZone }) {
  const width = plot.over.clientWidth;
  const shown = (time: number) => Math.min(width, Math.max(0, plot.valToPos(time, 'x')));
  const [from, to] = [shown(event.time), shown(event.timeEnd)];
  if (event.timeEnd < (plot.scales.x?.min ?? 0) || event.time > (plot.scales.x?.max ?? 0)) {
    return null;
  }
  const style = { position: 'absolute', top: '100%', left: Math.min(from, width - 6), width: Math.max(6, to - from), height: 6, zIndex: 1, background: event.color } as const;
  return (
    <Tooltip content={<Description event={event} timeZone={timeZone} />} interactive>
      <div style={style} data-annotation={event.title} />
    </Tooltip>
  );
}

function Description({ event, timeZone }: { event: Event; timeZone: TimeZone }) {
  const times = [event.time, ...(event.isRegion ? [event.timeEnd] : [])].map((time) => dateTimeFormat(time, { timeZone }));
  return (
    <div>
      <div>{times.join(' to ')}</div>
      <strong>{event.title}</strong>
      {/* The text may have links: nothing but harmless HTML is left of it. */}
      <div dangerouslySetInnerHTML={{ __html: textUtil.sanitize(event.text) }} />
      {event.tags.length > 0 && <div>{event.tags.join(', ')}</div>}
    </div>
  );
}
