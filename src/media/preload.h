/* What media needs loaded before it is locked up (src/sandbox), since after that nothing can be: GStreamer's plugins,
 * the libraries that others load only when they need them, and the DTLS key, which takes its time.
 *
 * Policy: what is not there is left out here, and missed where it is needed. */
#ifndef ORIEL_PRELOAD_H
#define ORIEL_PRELOAD_H

/* After gst_init(). The DTLS key (0.2 to 0.7 s) is made on a thread of its own, which nobody waits for. */
void oriel_preload(void);

#endif
