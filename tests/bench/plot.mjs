// Two kinds of plots as SVG text: bars of one figure a sender, curves over time. Pure.
const COLOURS = { oriel: '#1f6feb', 'oriel-vp8': '#79b8ff', chrome: '#bf8700', webrtcbin: '#cf222e', x11vnc: '#2da44e', tigervnc: '#8250df', x0vncserver: '#0a7f8c' };
const colour = (name) => COLOURS[name] ?? '#57606a';
const short = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

// A round number at or above the value.
function ceiling(value) {
  const scale = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * scale).find((step) => step >= value);
}

// rows: [{name, title, [key]: number}]; `to` is a second figure, drawn as a line to there; `least` the smallest end of the scale.
export function bars(rows, key, { to, least = 0 } = {}) {
  const there = rows.filter((row) => typeof row[key] === 'number');
  if (!there.length) return '';
  const most = ceiling(Math.max(least, ...there.flatMap((row) => [row[key], row[to] ?? 0])));
  const left = 160, width = 250, x = (value) => left + value / most * width;
  const drawn = rows.map((row, i) => {
    const y = 4 + i * 22, label = `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${row.title}</text>`;
    if (typeof row[key] !== 'number') return `${label}<text class="dim" x="${left}" y="${y + 13}">not measured</text>`;
    const end = Math.max(row[key], row[to] ?? 0);
    const line = to && row[to] !== undefined ? `<path d="M${x(row[key])} ${y + 8}H${x(row[to])}m0 -4v8" stroke="${colour(row.name)}" stroke-width="2" fill="none"/>` : '';
    return `${label}<rect x="${left}" y="${y}" width="${Math.max(1, x(row[key]) - left)}" height="16" rx="2" fill="${colour(row.name)}"/>${line}
<text x="${x(end) + 6}" y="${y + 13}">${short(row[key])}${to && row[to] !== undefined ? ` – ${short(row[to])}` : ''}</text>`;
  });
  const height = rows.length * 22 + 6;
  return `<svg role="img" width="${left + width + 110}" height="${height}" viewBox="0 0 ${left + width + 110} ${height}"><path class="grid" d="M${left} 0V${height}"/>${drawn.join('')}</svg>`;
}

// rows: [{name, title, points: [[ms, dB] …]}].
export function curves(rows) {
  if (!rows.length) return '';
  const [left, width, height] = [40, 420, 220], most = 60; // dB; what is above is as good as exact
  const last = Math.max(...rows.flatMap(({ points }) => points.map(([at]) => at)));
  const x = (at) => left + at / last * width, y = (value) => 10 + (1 - Math.min(value, most) / most) * height;
  const grid = [0, 10, 20, 30, 40, 50, 60].map((value) => `<path class="grid" d="M${left} ${y(value)}h${width}"/><text class="dim" x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`);
  const ticks = rows[0].points.map(([at]) => `<text class="dim" x="${x(at)}" y="${height + 28}" text-anchor="middle">${at}</text>`);
  const lines = rows.map(({ name, points }) => `<polyline fill="none" stroke="${colour(name)}" stroke-width="2" points="${points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')}"/>${points.map(([at, value]) => `<circle cx="${x(at)}" cy="${y(value)}" r="3" fill="${colour(name)}"/>`).join('')}`);
  const legend = rows.map(({ name, title, points }, i) => `<rect x="${left + width + 16}" y="${12 + i * 20}" width="10" height="10" fill="${colour(name)}"/><text x="${left + width + 32}" y="${21 + i * 20}">${title} ${short(points.at(-1)[1])}</text>`);
  return `<svg role="img" width="${left + width + 220}" height="${height + 36}" viewBox="0 0 ${left + width + 220} ${height + 36}">${[...grid, ...ticks, ...lines, ...legend].join('')}</svg>`;
}
