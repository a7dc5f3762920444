/* See share.h. */
#include "share.h"

#include <sys/param.h>

void oriel_share_cover(struct oriel_rect *to, const struct oriel_rect *rect) {
    if (!to->width) {
        *to = *rect;
        return;
    }
    unsigned right = MAX((unsigned)to->x + to->width, (unsigned)rect->x + rect->width);
    unsigned bottom = MAX((unsigned)to->y + to->height, (unsigned)rect->y + rect->height);
    to->x = MIN(to->x, rect->x);
    to->y = MIN(to->y, rect->y);
    to->width = (uint16_t)(right - to->x);
    to->height = (uint16_t)(bottom - to->y);
}

void oriel_share_add(struct oriel_rect list[ORIEL_DAMAGE_MAX], size_t *count, const struct oriel_rect *rect) {
    if (*count < ORIEL_DAMAGE_MAX)
        list[(*count)++] = *rect;
    else
        oriel_share_cover(&list[ORIEL_DAMAGE_MAX - 1], rect);
}
