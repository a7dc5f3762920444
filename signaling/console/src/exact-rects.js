/* Rectangles {x, y, width, height}. Pure. */

/* What of `rect` none of the others covers, as rectangles that don't overlap. */
export function without(rect, others) {
    let left = [rect];
    for (const other of others) left = left.flatMap((part) => cut(part, other));
    return left;
}

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
