/* Pipeline graphs: text files in gst-launch(1) syntax, from the frame source to an RTP payloader, that an integrator
 * can replace (pipelines/graphs/, man 5 oriel.conf).
 *
 * Policy: `#` starts a comment line; line ends are spaces; {kbits}, {bits}, {fps} and {threads} stand for the session's
 * numbers. Only elements of a fixed list (graph.c) may occur; exactly one orielframesrc named `frames`, one element
 * named `encoder` and one payloader named `pay` must. Everything is checked before anything starts, with a sentence
 * that says what is wrong. Limits: 16 KiB. Main thread. */
#ifndef ORIEL_GRAPH_H
#define ORIEL_GRAPH_H

#include <gst/gst.h>

enum { ORIEL_GRAPH_MAX = 16 * 1024 };

struct oriel_graph_numbers {
    unsigned kbits, fps, threads;
};

/* A bin named "screen" with a ghost pad "src"; a floating reference. NULL with `error` set. */
GstElement *oriel_graph_parse(const char *text, const struct oriel_graph_numbers *numbers, GError **error);

#endif
