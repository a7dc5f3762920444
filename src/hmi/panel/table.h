/* table.h: a dense table, drawn, with rows that can be selected. Lengths in units (canvas.h). */
#pragma once

#include "canvas.h"
#include "text.h"

struct table_column {
    enum text_id title;
    double share; /* of the width, relative to the other columns */
    double align; /* 0 left, 1 right */
};

struct table_cell {
    char text[128];
    const GdkRGBA *color; /* NULL: ink */
    bool bold;
    bool group;   /* in column 0: the row is a heading and has no other cells */
    int priority; /* 1..3: the mark before the text; -1: room for one */
    double bar;   /* 0 to 1: a bar behind the text; negative: none */
};

struct table {
    const struct table_column *columns;
    int n_columns;
    double row_height, text_size;
    int (*rows)(void *user);
    void (*cell)(void *user, int row, int column, struct table_cell *cell);
    void *user;
    enum text_id title; /* T_NONE: no card title */
    enum text_id empty; /* in the place of rows when there are none */
    bool selectable;
    int selected; /* -1: none */
    GtkWidget *canvas;
};

/* Makes table->canvas; the rest of `table` is the caller's and must outlive the widget. */
GtkWidget *table_create(struct table *table, double width, double height);
