/* What helper_child.c says to test_helper.c: the table of a pair that exists in tests only. */
#ifndef HELPER_MESSAGES_H
#define HELPER_MESSAGES_H

#include "channel.h"

enum { HELPER_TEXT = 1, HELPER_NUMBER = 2, HELPER_FILE = 3 };

static const struct oriel_ipc_type helper_types[] = {
    {HELPER_TEXT, "text", "s", 0}, {HELPER_NUMBER, "number", "u", 0}, {HELPER_FILE, "file", "", 1}};
static const struct oriel_ipc_table helper_table = {"child to test", helper_types, 3};

#endif
