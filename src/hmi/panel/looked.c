/* looked.c: who looked: the last sessions on the device's record, for whoever stands at the panel. Asked for when the
 * table is opened and after each session. */
#include "panel.h"

#include <stdio.h>
#include <string.h>

struct looked {
    struct looked_entry entries[LOOKED_MAX], next[LOOKED_MAX]; /* next: while the answer comes in */
    int n;
};

static const struct table_column columns[] = {
    {T_TIME, 20, 0},
    {T_LOOKED_WHO, 38, 0},
    {T_HOW_LONG, 12, 1},
    {T_LOOKED_END, 30, 0},
};

const struct table_column *looked_columns(int *n) {
    *n = G_N_ELEMENTS(columns);
    return columns;
}

int looked_rows(void *user) {
    struct panel *p = user;

    return p->looked ? p->looked->n : 0;
}

void looked_cell(void *user, int row, int column, struct table_cell *cell) {
    const struct looked_entry *e = &((struct panel *)user)->looked->entries[row];

    if (column == 0)
        snprintf(cell->text, sizeof cell->text, "%s", e->at);
    else if (column == 1)
        snprintf(cell->text, sizeof cell->text, "%s, %s", e->agent, e->company);
    else if (column == 2 && e->over)
        snprintf(cell->text, sizeof cell->text, "%u:%02u", e->seconds / 60, e->seconds % 60);
    else if (column == 3)
        snprintf(cell->text, sizeof cell->text, "%s", text(e->end));
    cell->color = column == 1 ? NULL : &color_faint;
}

/* "2026-11-26T07:00:00.000Z" as the panel's own clock has it: "26.11. 08:00". */
void looked_time(const char *at, char out[16]) {
    g_autoptr(GDateTime) utc = g_date_time_new_from_iso8601(at, NULL), local = utc ? g_date_time_to_local(utc) : NULL;

    out[0] = '\0';
    if (local)
        snprintf(out, 16, "%02d.%02d. %02d:%02d", g_date_time_get_day_of_month(local), g_date_time_get_month(local),
                 g_date_time_get_hour(local), g_date_time_get_minute(local));
}

void looked_take(struct panel *p, unsigned index, unsigned of, const char *at, const struct looked_entry *entry) {
    if (!p->looked)
        p->looked = g_new0(struct looked, 1);
    if (of > LOOKED_MAX || (of && index >= of))
        return;
    if (of) {
        p->looked->next[index] = *entry;
        looked_time(at, p->looked->next[index].at);
    }
    if (of && index + 1 < of)
        return;
    memcpy(p->looked->entries, p->looked->next, sizeof p->looked->entries);
    p->looked->n = (int)of;
    p->service_table->empty = T_LOOKED_NOBODY; /* said only when the device has said so */
    gtk_widget_queue_draw(p->service_table->canvas);
}
