/* The pipeline graph that the configuration names ([media] pipeline, pipelines/graph.h): read here, because media opens
 * no files, and handed to it with each session.
 * Policy: read once, at start. A graph other than the default is tried by media before anything else runs, so that a
 * bad one is known when the device is set up and not when somebody needs help. */
#ifndef ORIEL_GRAPH_FILE_H
#define ORIEL_GRAPH_FILE_H

#include <stdbool.h>

#include "config.h"

/* Fills `config->media_graph`; config->helpers must be known. False with `error` set. */
bool oriel_graph_load(struct oriel_config *config, GError **error);

#endif
