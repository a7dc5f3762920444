/* What the receiver reports (RTCP) of what it was sent. One thread. */
#ifndef ORIEL_REPORT_H
#define ORIEL_REPORT_H

#include "transport.h"

/* Fills in loss and round trip: the worst of all streams. */
void oriel_report_read(GstElement *webrtc, struct oriel_transport_counts *counts);

#endif
