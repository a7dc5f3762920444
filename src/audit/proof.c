/* See proof.h. */
#include "proof.h"

#include <stdio.h>
#include <string.h>

#include "record.h"

static bool is_in(const json_t *item, const struct oriel_checkpoint *head) {
    struct oriel_tree_hash leaf, path[ORIEL_TREE_PATH_MAX];
    struct oriel_record_head h;
    const json_t *list = json_object_get(item, "path");
    size_t count = json_array_size(list), size;
    json_int_t index = oriel_json_integer(item, "index", -1);
    const char *line = oriel_json_text(item, "record");
    if (!line || index < 0 || count > ORIEL_TREE_PATH_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !oriel_base64_decode(text, strlen(text), path[i].bytes, ORIEL_TREE_HASH, &size) ||
            size != ORIEL_TREE_HASH)
            return false;
    }
    oriel_tree_leaf(line, strlen(line), &leaf);
    return oriel_record_peek(line, strlen(line), &h) && h.seq == (uint64_t)index + 1 &&
           oriel_tree_is_included(&leaf, (uint64_t)index, head->size, path, count, &head->root);
}

static bool is_signed(const json_t *proof, const struct oriel_note_key *keys, size_t count,
                      struct oriel_checkpoint *head, char error[ORIEL_PROOF_ERROR_SIZE]) {
    char why[ORIEL_NOTE_ERROR_SIZE] = "it has no checkpoint";
    const char *note = oriel_json_text(proof, "checkpoint");
    for (size_t i = 0; note && i < count; i++)
        if (oriel_checkpoint_verify(&keys[i], note, strlen(note), head, why))
            return true;
    snprintf(error, ORIEL_PROOF_ERROR_SIZE, "%s", why);
    return false;
}

json_t *oriel_proof_check(const char *text, size_t length, const struct oriel_note_key *keys, size_t count,
                          struct oriel_checkpoint *head, char error[ORIEL_PROOF_ERROR_SIZE]) {
    char reason[ORIEL_JSON_ERROR_SIZE];
    json_t *proof = oriel_json_decode(text, length, ORIEL_PROOF_MAX, reason);
    const json_t *records = json_object_get(proof, "records");
    size_t i = 0;
    memset(head, 0, sizeof *head);
    if (!proof) {
        snprintf(error, ORIEL_PROOF_ERROR_SIZE, "%s", reason);
        return NULL;
    }
    bool good = is_signed(proof, keys, count, head, error);
    if (good && !json_array_size(records)) {
        snprintf(error, ORIEL_PROOF_ERROR_SIZE, "it has no records");
        good = false;
    }
    while (good && i < json_array_size(records) && is_in(json_array_get(records, i), head))
        i++;
    if (good && i < json_array_size(records)) {
        snprintf(error, ORIEL_PROOF_ERROR_SIZE, "record %zu of the proof does not stand in the log", i + 1);
        good = false;
    }
    if (good)
        return proof;
    json_decref(proof);
    return NULL;
}
