/* Rectangles {x, y, width, height}. Pure. */

/* What of `rect` none of the others covers, as rectangles that don't overlap. */
export function without(rect, others) {
    let left = [rect];
    for (const other of others) left = left.flatMap((part) => cut(part, other));
    return left;
}

export const area = (rects) => rects.reduce((sum, { width, height }) => sum + width * height, 0);

/* The same area by fewer rectangles, where two have a side in common. They must not overlap. */
export function join(rects) {
    const left = [...rects];
    for (let pair; (pair = neighbours(left)); ) {
        const [i, k] = pair;
        const [a, b] = [left[i], left[k]];
        left[i] = a.y === b.y ? { ...a, width: a.width + b.width } : { ...a, height: a.height + b.height };
        left.splice(k, 1);
    }
    return left;
}

function neighbours(rects) {
    for (const [i, a] of rects.entries()) {
        const k = rects.findIndex((b) => (a.y === b.y && a.height === b.height && a.x + a.width === b.x) || (a.x === b.x && a.width === b.width && a.y + a.height === b.y));
        if (k >= 0) return [i, k];
    }
    return null;
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
