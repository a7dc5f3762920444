/* Rectangles {x, y, width, height}. Pure. */

const GRID = 6;

/* What of `rect` none of the others covers, as rectangles that don't overlap. */
export function without(rect, others) {
    let left = [rect];
    for (const other of others) left = left.flatMap((part) => cut(part, other));
    return left;
}

export const area = (rects) => rects.reduce((sum, { width, height }) => sum + width * height, 0);

/* The same area by fewer rectangles, where some have a side in common. They must not overlap. */
export function join(rects) {
    let left = rects;
    for (let before = Infinity; left.length < before; ) {
        before = left.length;
        left = joinAlong(joinAlong(left, 'x', 'y', 'width', 'height'), 'y', 'x', 'height', 'width');
    }
    return left;
}

/* Those that follow each other along an axis, and are alike across it. */
function joinAlong(rects, along, across, length, breadth) {
    const joined = [];
    for (const rect of [...rects].sort((a, b) => a[across] - b[across] || a[breadth] - b[breadth] || a[along] - b[along])) {
        const last = joined.at(-1);
        const goesOn = last && last[across] === rect[across] && last[breadth] === rect[breadth] && last[along] + last[length] === rect[along];
        if (goesOn) joined[joined.length - 1] = { ...last, [length]: last[length] + rect[length] };
        else joined.push(rect);
    }
    return joined;
}

/* The same area and more: in each field of a grid of GRID x GRID one rectangle around all that lies there, if none of `closed`
 * lies between them. They must not overlap, and don't. */
export function coarse(rects, { width, height }, closed) {
    const field = { width: Math.ceil(width / GRID), height: Math.ceil(height / GRID) };
    const fields = [...Array(GRID * GRID).keys()].map((i) => ({ x: (i % GRID) * field.width, y: Math.floor(i / GRID) * field.height, ...field }));
    return join(
        fields.flatMap((one) => {
            const own = rects.map((rect) => common(rect, one)).filter(Boolean);
            if (own.length < 2) return own;
            const box = around(own);
            return without(box, own).some((gap) => closed.some((other) => common(gap, other))) ? own : [box];
        }),
    );
}

function around(rects) {
    const [x, y] = [Math.min(...rects.map((rect) => rect.x)), Math.min(...rects.map((rect) => rect.y))];
    return { x, y, width: Math.max(...rects.map((rect) => rect.x + rect.width)) - x, height: Math.max(...rects.map((rect) => rect.y + rect.height)) - y };
}

/* What both cover, or null. */
export function common(a, b) {
    const x = Math.max(a.x, b.x);
    const y = Math.max(a.y, b.y);
    const width = Math.min(a.x + a.width, b.x + b.width) - x;
    const height = Math.min(a.y + a.height, b.y + b.height) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/* What has become of the pixels of `rect` after `records`: [{x, y, width, height, dx, dy}, …], where they are now, and by how much
 * they have moved. What a record names, and what something was moved over, is gone. */
export function follow(rect, records) {
    let parts = [{ ...rect, dx: 0, dy: 0 }];
    for (const { moves, rects } of records) {
        for (const { from, x, y } of moves) {
            const [dx, dy] = [x - from.x, y - from.y];
            const moved = parts.flatMap((part) => {
                const both = common(part, from);
                return both ? [{ ...both, x: both.x + dx, y: both.y + dy, dx: part.dx + dx, dy: part.dy + dy }] : [];
            });
            parts = [...stay(parts, [{ ...from, x, y }]), ...moved];
        }
        parts = stay(parts, rects);
        if (!parts.length) break;
    }
    return parts;
}

const stay = (parts, gone) => parts.flatMap((part) => without(part, gone).map((left) => ({ ...left, dx: part.dx, dy: part.dy })));

function cut(part, other) {
    const x1 = Math.max(part.x, other.x);
    const y1 = Math.max(part.y, other.y);
    const x2 = Math.min(part.x + part.width, other.x + other.width);
    const y2 = Math.min(part.y + part.height, other.y + other.height);
    if (x1 >= x2 || y1 >= y2) return [part];
    return [
        { x: part.x, y: part.y, width: part.width, height: y1 - part.y },
        { x: part.x, y: y1, width: x1 - part.x, height: y2 - y1 },
        { x: x2, y: y1, width: part.x + part.width - x2, height: y2 - y1 },
        { x: part.x, y: y2, width: part.width, height: part.y + part.height - y2 },
    ].filter(({ width, height }) => width > 0 && height > 0);
}
