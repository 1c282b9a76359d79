import type { Growth, Point } from "./results.ts";

export const PLOT_FILE = "growth.svg";

const PANEL = { width: 440, height: 300, left: 64, right: 16, top: 40, bottom: 72 };
const COLOURS = ["#2563eb", "#c2410c", "#15803d"];
const COLUMNS = 2;

type Plot = Growth["plots"][number];

/** A figure with one panel for each plot: a logarithmic scale to the right, microseconds upwards from 0. */
export function drawPlots(plots: readonly Plot[]): string {
  const rows = Math.ceil(plots.length / COLUMNS);
  const [width, height] = [COLUMNS * PANEL.width, rows * PANEL.height];
  const panels = plots.map((plot, index) => {
    const [x, y] = [(index % COLUMNS) * PANEL.width, Math.floor(index / COLUMNS) * PANEL.height];
    return `<g transform="translate(${x} ${y})">${drawPanel(plot)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#1f2937">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${panels.join("\n")}
</svg>
`;
}

function drawPanel({ title, unit, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  const most = niceAbove(Math.max(...points.map(({ cpuMicroseconds }) => cpuMicroseconds)));
  const sizes = [...new Set(points.map(({ at }) => at))].toSorted((a, b) => a - b);
  const [first, last] = [Math.log(sizes[0] ?? 1), Math.log(sizes.at(-1) ?? 1)];
  const [innerWidth, innerHeight] = [PANEL.width - PANEL.left - PANEL.right, PANEL.height - PANEL.top - PANEL.bottom];
  const x = (size: number): number => PANEL.left + ((Math.log(size) - first) / (last - first || 1)) * innerWidth;
  const y = (value: number): number => PANEL.top + (1 - value / most) * innerHeight;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const level = y(share * most).toFixed(1);
    const line = `<line x1="${PANEL.left}" x2="${PANEL.width - PANEL.right}" y1="${level}" y2="${level}" stroke="#e5e7eb"/>`;
    return `${line}<text x="${PANEL.left - 8}" y="${level}" dy="4" text-anchor="end">${Math.round(share * most)} µs</text>`;
  });
  const marks = sizes.map(
    (size) => `<text x="${x(size).toFixed(1)}" y="${PANEL.top + innerHeight + 18}" text-anchor="middle">${short(size)}</text>`,
  );
  const drawn = lines.map((line, index) => drawLine(line.points, COLOURS[index % COLOURS.length] ?? "", x, y));
  const legend = lines.map(({ name }, index) => {
    const at = PANEL.left + (index * innerWidth) / lines.length;
    return `<text x="${at}" y="${PANEL.height - 12}" fill="${COLOURS[index % COLOURS.length]}">${name}</text>`;
  });
  const unitAt = `x="${PANEL.left + innerWidth / 2}" y="${PANEL.top + innerHeight + 38}"`;
  return `<text x="${PANEL.left}" y="22" font-weight="bold">${title}</text>${grid.join("")}${marks.join("")}<text ${unitAt} text-anchor="middle">${unit}</text>${drawn.join("")}${legend.join("")}`;
}

function drawLine(points: readonly Point[], colour: string, x: (size: number) => number, y: (value: number) => number): string {
  const at = points.map((point) => [x(point.at).toFixed(1), y(point.cpuMicroseconds).toFixed(1)] as const);
  const dots = at.map(([left, top]) => `<circle cx="${left}" cy="${top}" r="3" fill="${colour}"/>`);
  return `<polyline points="${at.map((pair) => pair.join(",")).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}`;
}

/** The next of 1, 2, 4, 6, 8 times a power of ten. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return ([1, 2, 4, 6, 8].find((step) => step * power >= value) ?? 10) * power;
}

const short = (size: number): string => (size >= 1_000_000 ? `${size / 1_000_000}M` : size >= 1_000 ? `${size / 1_000}k` : String(size));
