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
#include "proof.h"

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

static int verify_proof(const struct oriel_cli_audit *a, const struct oriel_note_key *keys, size_t count) {
    char error[ORIEL_PROOF_ERROR_SIZE];
    struct oriel_checkpoint head;
    size_t length, i;
    json_t *item;
    _cleanup_free_ char *text = oriel_cli_read(a->proof, ORIEL_PROOF_MAX, &length);
    json_t *proof = text ? oriel_proof_check(text, length, keys, count, &head, error) : NULL;
    const json_t *records = json_object_get(proof, "records");
    if (text && !proof)
        oriel_error("%s: %s", a->proof, error);
    if (!proof)
        return 1;
    if (a->json)
        json_array_foreach(records, i, item) puts(oriel_json_text(item, "record"));
    else
        printf("good: %zu records stand in the log of %s, as its head of %llu records has it\n",
               json_array_size(records), head.origin, (unsigned long long)head.size);
    json_decref(proof);
    return 0;
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
