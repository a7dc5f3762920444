/* How large the picture is drawn. Text must stay sharp: fitted, it shrinks as far as it must, but grows only by whole
 * multiples of a device pixel, which no interpolation can blur. */

/* Picture and stage in pixels of the picture and CSS pixels -> {scale, width, height, left, top} in CSS pixels. */
export function place({ mode, width, height, stageWidth, stageHeight, ratio }) {
    const room = Math.min((stageWidth * ratio) / width, (stageHeight * ratio) / height);
    const scale = mode === 'one' ? 1 : room < 1 ? room : Math.floor(room);
    const w = (width * scale) / ratio;
    const h = (height * scale) / ratio;
    // On whole device pixels, or the browser would resample after all.
    const centre = (space, size) => Math.max(0, Math.floor(((space - size) / 2) * ratio) / ratio);
    return { scale, width: w, height: h, left: centre(stageWidth, w), top: centre(stageHeight, h) };
}
