/* `oriel audit verify`: is this the log that was written? With --head also: does it go on from a head that its owner
 * kept? With --proof: do these records stand in that log? With --receipt: audit-receipt.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "cleanup.h"
#include "json.h"
#include "log.h"

enum { PROOF_MAX = 8 * 1024 * 1024 };

struct pass {
    struct oriel_checkpoint head; /* --head */
    bool has_head, head_matches;
    struct oriel_tree tree;
    const struct oriel_log_report *report;
};

static void leaf(void *user, uint64_t index, const struct oriel_tree_hash *hash) {
    struct pass *p = user;
    struct oriel_tree_hash root;
    oriel_cli_progress(index, p->report->checkpoint.size);
    if (!p->has_head || p->tree.size != index || index >= p->head.size)
        return;
    oriel_tree_add(&p->tree, hash);
    if (p->tree.size != p->head.size)
        return;
    oriel_tree_root(&p->tree, &root);
    p->head_matches = oriel_tree_hash_equal(&root, &p->head.root);
}

static bool read_head(const char *path, const struct oriel_note_key *keys, size_t count, struct oriel_checkpoint *out) {
    char error[ORIEL_NOTE_ERROR_SIZE] = "";
    size_t length;
    _cleanup_free_ char *note = oriel_cli_read(path, ORIEL_NOTE_MAX, &length);
    for (size_t i = 0; note && i < count; i++)
        if (oriel_checkpoint_verify(&keys[i], note, length, out, error))
            return true;
    if (note)
        oriel_error("%s: %s", path, error);
    return false;
}

/* What the exit status says, in words. */
static int conclude(const struct oriel_cli_audit *a, const char *directory, const struct oriel_log_report *r,
                    const struct pass *p) {
    bool good = r->state == ORIEL_LOG_GOOD || r->state == ORIEL_LOG_TORN;
    bool behind = p->has_head && (p->head.size > r->tree.size || (!p->head_matches && p->head.size > 0));
    if (a->json) {
        json_t *out =
            json_pack("{s:b, s:I, s:I, s:I}", "good", good && !behind, "records", (json_int_t)r->checkpoint.size,
                      "bytes", (json_int_t)r->bytes, "lost", (json_int_t)r->lost);
        if (!good)
            json_object_update_new(
                out, json_pack("{s:s, s:I, s:s}", "file", r->file, "byte", (json_int_t)r->offset, "what", r->what));
        else if (behind)
            json_object_set_new(out, "what", json_string("the log does not go on from the given head"));
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(out);
    }
    if (!good && r->state == ORIEL_LOG_NEW)
        oriel_error("there is no log in %s", directory);
    else if (!good)
        oriel_cli_audit_complain(directory, r);
    else if (behind)
        oriel_error("the log does not go on from the head of %llu records in %s: %s", (unsigned long long)p->head.size,
                    a->head,
                    p->head.size > r->tree.size ? "its end was cut off since" : "records before that were replaced");
    else if (!a->json)
        printf("good: %llu records, each in its place, and the signed head is theirs\n",
               (unsigned long long)r->checkpoint.size);
    if (r->lost)
        oriel_warning("%llu records are not here any more or not provable: damage that was acknowledged ('oriel audit "
                      "show' says when)",
                      (unsigned long long)r->lost);
    if (r->state == ORIEL_LOG_TORN)
        oriel_warning("%llu bytes beyond the head: a record that a power cut or a running orield left unfinished; it "
                      "had no effect",
                      (unsigned long long)r->beyond);
    return good && !behind ? 0 : 1;
}

static int verify_log(const struct oriel_cli_audit *a, const struct oriel_note_key *keys, size_t count) {
    struct oriel_log_report report;
    struct pass pass = {.report = &report};
    _cleanup_free_ char *directory = oriel_cli_audit_directory(a->cli);
    _cleanup_close_ int fd = directory ? oriel_cli_audit_open(a->cli) : -1;
    if (fd < 0 || (a->head && !(pass.has_head = read_head(a->head, keys, count, &pass.head))))
        return 1;
    const struct oriel_log_visitor visitor = {.leaf = leaf, .user = &pass};
    oriel_log_read(fd, keys, count, &visitor, &report);
    oriel_cli_progress_end();
    return conclude(a, directory, &report, &pass);
}

/* ---- proofs ---- */

static bool check_record(const json_t *item, const struct oriel_checkpoint *head, const char **line) {
    struct oriel_tree_hash leaf_hash, path[ORIEL_TREE_PATH_MAX];
    struct oriel_record_head h;
    const json_t *list = json_object_get(item, "path");
    size_t count = json_array_size(list), size;
    json_int_t index = oriel_json_integer(item, "index", -1);
    *line = oriel_json_text(item, "record");
    if (!*line || index < 0 || count > ORIEL_TREE_PATH_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || !oriel_base64_decode(text, strlen(text), path[i].bytes, ORIEL_TREE_HASH, &size) ||
            size != ORIEL_TREE_HASH)
            return false;
    }
    oriel_tree_leaf(*line, strlen(*line), &leaf_hash);
    return oriel_record_peek(*line, strlen(*line), &h) && h.seq == (uint64_t)index + 1 &&
           oriel_tree_is_included(&leaf_hash, (uint64_t)index, head->size, path, count, &head->root);
}

static int verify_proof(const struct oriel_cli_audit *a, const struct oriel_note_key *keys, size_t count) {
    char error[ORIEL_JSON_ERROR_SIZE] = "", why[ORIEL_NOTE_ERROR_SIZE] = "it has no checkpoint";
    struct oriel_checkpoint head = {0};
    size_t length, i;
    json_t *item;
    _cleanup_free_ char *text = oriel_cli_read(a->proof, PROOF_MAX, &length);
    json_t *proof = text ? oriel_json_decode(text, length, PROOF_MAX, error) : NULL;
    const char *note = oriel_json_text(proof, "checkpoint");
    const json_t *records = json_object_get(proof, "records");
    bool signed_ = false, good = true;
    for (i = 0; note && i < count && !signed_; i++)
        signed_ = oriel_checkpoint_verify(&keys[i], note, strlen(note), &head, why);
    if (text && !proof)
        oriel_error("%s: %s", a->proof, error);
    else if (text && (!signed_ || !json_array_size(records)))
        oriel_error("%s: %s", a->proof, signed_ ? "it has no records" : why);
    good = signed_ && json_array_size(records);
    for (i = 0; good && i < json_array_size(records); i++) {
        const char *line;
        item = json_array_get(records, i);
        good = check_record(item, &head, &line);
        if (!good)
            oriel_error("%s: record %zu of the proof does not stand in the log", a->proof, i + 1);
        else if (a->json)
            puts(line);
    }
    if (good && !a->json)
        printf("good: %zu records stand in the log of %s, as its head of %llu records has it\n",
               json_array_size(records), head.origin, (unsigned long long)head.size);
    json_decref(proof);
    return good ? 0 : 1;
}

int oriel_cli_audit_verify(const struct oriel_cli_audit *a) {
    struct oriel_note_key keys[ORIEL_CLI_KEYS_MAX];
    if (!a->receipt != !a->owner) {
        oriel_error("--receipt and --owner go together");
        return 2;
    }
    if (a->receipt)
        return oriel_cli_audit_receipt(a);
    size_t count = oriel_cli_audit_keys(a, keys);
    int status = !count ? 1 : a->proof ? verify_proof(a, keys, count) : verify_log(a, keys, count);
    oriel_cli_audit_keys_clear(keys, count);
    return status;
}
