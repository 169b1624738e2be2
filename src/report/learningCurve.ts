// A run's learning curve as a picture: training loss, validation loss and the task's main metric against optimizer steps, as SVG
// that any browser shows. Loss has its axis on the left, the metric on the right.

import type { LogEvent } from '../engine/runLog.ts';

/** What is drawn on the right axis, in percent. */
export interface CurveMetric {
  /** Its name in an evaluation's metrics, a share in [0, 1]. */
  readonly key: string;
  /** In the legend. */
  readonly label: string;
  /** At the axis. */
  readonly axis: string;
}

export const top1Curve: CurveMetric = { key: 'top1', label: 'top-1', axis: 'top-1 accuracy (%)' };
export const meanIouCurve: CurveMetric = { key: 'mIoU', label: 'mIoU', axis: 'mean intersection over union (%)' };

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Series {
  readonly name: string;
  readonly colour: string;
  readonly axis: 'loss' | 'metric';
  readonly points: readonly Point[];
  /** Shown as a thin line behind the others, without dots. */
  readonly isDense: boolean;
}

const width = 760;
const height = 420;
const plot = { left: 64, right: width - 64, top: 56, bottom: height - 76 };
/** Lines with more points than pixels are averaged down. */
const mostPoints = 300;

/**
 * Draws a run's log.
 * @param events lines of log.jsonl: `train` with `loss`, `evaluate` with `metrics` and perhaps `ema`
 * @param title of the picture
 * @param metric on the right axis
 * @returns an SVG document
 */
export function learningCurve(events: readonly LogEvent[], title: string, metric: CurveMetric): string {
  const series = seriesOf(events, metric).filter(({ points }) => points.length > 0);
  const lastStep = Math.max(1, ...series.flatMap(({ points }) => points.map(({ x }) => x)));
  const losses = series.filter(({ axis }) => axis === 'loss').flatMap(({ points }) => points.map(({ y }) => y));
  const steps = ticks(0, lastStep).filter((tick) => tick <= lastStep);
  const lossTicks = ticks(0, Math.max(0, ...losses) || 1);
  const metricTicks = [0, 20, 40, 60, 80, 100];
  const x = scale(0, lastStep, plot.left, plot.right);
  const yLoss = scale(0, lossTicks.at(-1)!, plot.bottom, plot.top);
  const yMetric = scale(0, 100, plot.bottom, plot.top);
  const middle = (plot.top + plot.bottom) / 2;

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(width / 2, 28, title, 'font-size="16" text-anchor="middle"'),
    ...lossTicks.map((tick) => `<path d="M${plot.left} ${round(yLoss(tick))}H${plot.right}" stroke="#e5e5e5"/>`),
    ...lossTicks.map((tick) => text(plot.left - 8, yLoss(tick) + 4, format(tick), 'text-anchor="end"')),
    ...metricTicks.map((tick) => text(plot.right + 8, yMetric(tick) + 4, String(tick), '')),
    ...steps.map((tick) => text(x(tick), plot.bottom + 18, format(tick), 'text-anchor="middle"')),
    `<path d="M${plot.left} ${plot.top}V${plot.bottom}H${plot.right}V${plot.top}" fill="none" stroke="#999"/>`,
    text((plot.left + plot.right) / 2, plot.bottom + 38, 'optimizer steps', 'text-anchor="middle"'),
    text(18, middle, 'loss (cross entropy, nats)', `text-anchor="middle" transform="rotate(-90 18 ${middle})"`),
    text(width - 14, middle, metric.axis, `text-anchor="middle" transform="rotate(90 ${width - 14} ${middle})"`),
    ...series.map((one) => draw(one, x, one.axis === 'loss' ? yLoss : yMetric)),
    ...legend(series),
    '</svg>',
    '',
  ].join('\n');
}

function seriesOf(events: readonly LogEvent[], { key, label }: CurveMetric): Series[] {
  const train = events.filter(({ event }) => event === 'train');
  const evaluations = events.filter(({ event }) => event === 'evaluate');
  const metric = (of: 'metrics' | 'ema', name: string, factor = 1): Point[] =>
    points(evaluations, (event) => member(member(event, of), name), factor);
  return [
    { name: 'training loss', colour: '#9db8d9', axis: 'loss', points: thinned(points(train, (event) => event['loss'])), isDense: true },
    { name: 'validation loss', colour: '#1f5fa8', axis: 'loss', points: metric('metrics', 'loss'), isDense: false },
    { name: label, colour: '#d1651f', axis: 'metric', points: metric('metrics', key, 100), isDense: false },
    { name: `${label} of the average (EMA)`, colour: '#7a3b9a', axis: 'metric', points: metric('ema', key, 100), isDense: false },
  ];
}

function points(events: readonly LogEvent[], value: (event: LogEvent) => unknown, factor = 1): Point[] {
  return events.flatMap((event) => {
    const y = value(event);
    return typeof y === 'number' && Number.isFinite(y) ? [{ x: event.step, y: y * factor }] : [];
  });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Means of neighbours. */
function thinned(all: readonly Point[]): Point[] {
  const size = Math.ceil(all.length / mostPoints);
  if (size <= 1) return [...all];
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => {
    const part = all.slice(i * size, (i + 1) * size);
    return { x: part.at(-1)!.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}

/** Round numbers from `from` to the first at or past `to`, about five of them. */
function ticks(from: number, to: number): number[] {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil((to - from) / step - 1e-9) + 1 }, (_, i) => from + i * step);
}

function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

function draw({ points, colour, isDense }: Series, x: (value: number) => number, y: (value: number) => number): string {
  const places = points.map((point) => `${round(x(point.x))} ${round(y(point.y))}`);
  const line = `<path d="M${places.join('L')}" fill="none" stroke="${colour}" stroke-width="${isDense ? 1.5 : 2}" stroke-linejoin="round"/>`;
  if (isDense || points.length > 60) return line;
  const dots = points.map((point) => `<circle cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="2.5" fill="${colour}"/>`);
  return [line, ...dots].join('');
}

function legend(series: readonly Series[]): string[] {
  const spacing = (plot.right - plot.left) / Math.max(1, series.length);
  return series.map(({ name, colour }, i) => {
    const left = plot.left + i * spacing;
    const top = height - 18;
    return `<path d="M${round(left)} ${top - 4}h18" stroke="${colour}" stroke-width="3"/>${text(left + 24, top, name, '')}`;
  });
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escape(content)}</text>`;
}

function format(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
