/* audit/proof: anything for a proof. What is believed stands in the log, letter by letter.
 *
 * The first byte: p the rest is the proof · else a good proof is changed: r replaced, i inserted, c cut, at the place
 * that the next two bytes say, by what follows. */
#include "fuzz.h"

#include <string.h>

#include "proof.h"
#include "prove.h"
#include "record.h"

enum { RECORDS = 6, ROOM = 64 * 1024 };

static struct oriel_note_key key;
static char *lines[RECORDS], *good_proof, changed[ROOM];
static size_t good_size;

/* As cli/audit-prove.c makes it, of all records but the second. */
static void begin(void) {
    char error[ORIEL_NOTE_ERROR_SIZE], why[ORIEL_SCHEMA_ERROR_SIZE], prev[ORIEL_RECORD_PREV_SIZE];
    struct oriel_tree tree = {0};
    struct oriel_tree_hash leaves[RECORDS];
    size_t size;
    oriel_tree_root(&tree, &leaves[0]);
    oriel_record_prev(&leaves[0], prev);
    char *pem = oriel_note_key_make();
    fuzz_check(oriel_note_key_private(&key, "oriel/plant/filler-1", ORIEL_NOTE_ED25519, pem, strlen(pem), error));
    free(pem);
    struct oriel_prover *prover = oriel_prover_new();
    struct oriel_tree_range ranges[RECORDS][ORIEL_TREE_PATH_MAX];
    unsigned counts[RECORDS];
    for (unsigned i = 0; i < RECORDS; i++) {
        size_t length;
        lines[i] =
            oriel_record_compose(i + 1, prev, "call", json_pack("{s:s}", "note", "something"), NULL, &length, why);
        fuzz_check(lines[i] != NULL);
        oriel_tree_leaf(lines[i], length, &leaves[i]);
        oriel_record_prev(&leaves[i], prev);
        oriel_tree_add(&tree, &leaves[i]);
        counts[i] = oriel_tree_inclusion(i, RECORDS, ranges[i]);
        fuzz_check(oriel_prover_want(prover, ranges[i], counts[i]));
    }
    for (unsigned i = 0; i < RECORDS; i++)
        oriel_prover_leaf(prover, i, &leaves[i]);
    json_t *records = json_array();
    for (unsigned i = 0; i < RECORDS; i += i ? 1 : 2) {
        json_t *path = json_array();
        for (unsigned k = 0; k < counts[i]; k++) {
            struct oriel_tree_hash hash;
            char text[64];
            fuzz_check(oriel_prover_root(prover, ranges[i][k], &hash));
            oriel_base64_encode(hash.bytes, ORIEL_TREE_HASH, text);
            json_array_append_new(path, json_string(text));
        }
        json_array_append_new(records, json_pack("{s:i, s:s, s:o}", "index", (int)i, "record", lines[i], "path", path));
    }
    char *note = oriel_checkpoint_sign(&key, &tree, &size);
    fuzz_check(note != NULL);
    json_t *proof = json_pack("{s:s%, s:o}", "checkpoint", note, size, "records", records);
    good_proof = json_dumps(proof, JSON_COMPACT);
    good_size = strlen(good_proof);
    json_decref(proof);
    free(note);
    oriel_prover_free(prover);
}

static size_t change(uint8_t how, size_t at, const uint8_t *bytes, size_t size) {
    size = size < 4096 ? size : 4096;
    at %= good_size + 1;
    memcpy(changed, good_proof, good_size);
    size_t left = good_size - at, gone = how == 'i' ? 0 : size < left ? size : left, new = how == 'c' ? 0 : size;
    memmove(changed + at + new, changed + at + gone, left - gone);
    memcpy(changed + at, bytes, new);
    return good_size - gone + new;
}

static void check(const char *text, size_t size) {
    char error[ORIEL_PROOF_ERROR_SIZE] = "";
    struct oriel_checkpoint head;
    json_t *proof = oriel_proof_check(text, size, &key, 1, &head, error), *item;
    size_t i;
    fuzz_check(proof || *error);
    fuzz_check(!proof || (head.size == RECORDS && json_array_size(json_object_get(proof, "records"))));
    json_array_foreach(json_object_get(proof, "records"), i, item) {
        json_int_t index = oriel_json_integer(item, "index", -1);
        fuzz_check(index >= 0 && index < RECORDS && strcmp(oriel_json_text(item, "record"), lines[index]) == 0);
    }
    json_decref(proof);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char error[ORIEL_PROOF_ERROR_SIZE];
    struct oriel_checkpoint head;
    if (!good_proof) {
        begin();
        json_t *proof = oriel_proof_check(good_proof, good_size, &key, 1, &head, error);
        fuzz_check(proof != NULL);
        json_decref(proof);
    }
    if (size && data[0] == 'p')
        check((const char *)data + 1, size - 1);
    else if (size >= 3)
        check(changed, change(data[0], (size_t)(data[1] | data[2] << 8), data + 3, size - 3));
    return 0;
}
