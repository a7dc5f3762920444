/* `oriel provision`: makes and signs what owners, vendors, devices, agents and brokers need (man 1 oriel-provision).
 *
 * Policy: nothing that exists is overwritten, but for what a vendor's revocations and a broker's passwords are counted
 * in, and where a vendor's TURN servers are; files that belong together are written together or not at all; private
 * keys are PKCS #8 PEM with mode 0600. Every document is held to its schema before it is written. A command returns the
 * exit status: 0 done · 1 could not · 2 bad command line; why is on stderr. */
#ifndef ORIEL_PROVISION_H
#define ORIEL_PROVISION_H

#include <gio/gio.h>
#include <jansson.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <sys/types.h>

/* argv: what stands behind `oriel provision`. */
int oriel_provision(int argc, char **argv);

/* ---- the command line (provision.c) ---- */

enum oriel_option_kind {
    ORIEL_OPTION,          /* const char ** */
    ORIEL_OPTION_REQUIRED, /* const char ** */
    ORIEL_OPTION_LIST,     /* GPtrArray ** of const char *, made when the option is there */
    ORIEL_OPTION_FLAG,     /* bool * */
    ORIEL_OPERAND,         /* const char **, required; `name` is how the usage calls it */
};

/* A table ends with a row without a name. */
struct oriel_option {
    const char *name;
    enum oriel_option_kind kind;
    void *value;
};

/* False after saying what is wrong, and the command's usage. argv[0] is the command. */
bool oriel_options_parse(const struct oriel_option *options, int argc, char **argv);

/* Each says what is wrong with the value of the option; a NULL value is good. */
bool oriel_value_is_id(const char *option, const char *value);
/* Text that a person will read: 1 (0 when `empty`) to 64 characters, visible ones only. */
bool oriel_value_is_text(const char *option, const char *value, bool empty);
bool oriel_value_number(const char *option, const char *value, long min, long max, long *out);
/* A value that goes into a configuration's line, where only a line's end can't be. */
bool oriel_value_is_line(const char *option, const char *value);
/* TURN URIs as a list; `uris` NULL: none, and `out` is NULL. A new reference. */
bool oriel_value_turn(const char *option, const GPtrArray *uris, json_t **out);
/* "view,control" as a list; NULL after saying what is wrong. A new reference. */
json_t *oriel_value_scopes(const char *option, const char *value);

/* ---- files (provision-files.c) ---- */

struct oriel_files;

/* Directories on the way are made with `directory_mode`. */
struct oriel_files *oriel_files_new(mode_t directory_mode);
/* Takes `text`; NULL text is an error of before, which the writing will not get over. */
void oriel_files_add(struct oriel_files *files, const char *directory, const char *name, mode_t mode, char *text);
/* Writes all of them, or says why not and leaves nothing. Frees. */
bool oriel_files_write(struct oriel_files *files);
void oriel_files_free(struct oriel_files *files);
/* One file, or stdout for "-" (with a line's end only if that is a terminal). Takes `text`. */
bool oriel_file_put(const char *path, mode_t mode, char *text);
/* False, after saying so, when the file is there. "-" never is. */
bool oriel_file_is_free(const char *path);
/* Replaces a file that keeps its owner and mode. */
bool oriel_file_replace(const char *path, const char *text);

/* The text of a file ("-": stdin), NUL-terminated, at most 256 KiB; NULL after saying why. The caller frees. */
char *oriel_file_text(const char *path, size_t *length);
/* One JSON object; NULL after saying why. */
json_t *oriel_file_json(const char *path);
/* A private P-256 key in PEM as a JWK; NULL after saying why. */
json_t *oriel_file_key(const char *path);
/* The private key of `path`, or a fresh one when that is NULL; NULL after saying why. */
json_t *oriel_key_own_or_new(const char *path);
/* PEM of a private key of ours. */
char *oriel_key_pem(const json_t *key);
/* JSON as people read it, with a line's end. Takes the reference. */
char *oriel_json_pretty(json_t *value);

/* ---- templates (provision-template.c) ---- */

/* A table ends with a row without a name. */
struct oriel_value {
    const char *name, *text;
};

/* The template with each name replaced, but for comments: they may speak of placeholders. The caller frees. */
char *oriel_template_fill(GResource *templates, const char *path, const struct oriel_value *values);

/* ---- documents (provision-party.c) ---- */

/* What stands in owner.json and vendor.json; `path` is the file, or the directory that it lies in. */
json_t *oriel_owner_read(const char *path);
json_t *oriel_vendor_read(const char *path);
/* The vendor's list of what was revoked: {epoch, keys, iat}. */
json_t *oriel_vendor_revoked(const char *directory);
/* The private key `name` of `directory`, which must be the one whose public part is `expected`. */
json_t *oriel_party_key(const char *directory, const char *name, const json_t *expected);
/* Signs the checked document. `type`: oriel_document_type. Takes the claims. NULL after saying why. */
char *oriel_document_sign(int type, json_t *claims, const json_t *key);

/* ---- X.509 (provision-x509.c) ---- */

struct oriel_ca {
    X509 *certificate;
    EVP_PKEY *key; /* NULL: it is kept elsewhere */
    char *pem;
};

struct oriel_leaf {
    const char *common_name, *organization;
    const GPtrArray *hosts; /* names and addresses of a server; NULL: a client */
    long days;
};

/* A fresh CA's certificate and key in PEM. The caller frees both. NULL after saying why. */
char *oriel_ca_make(const char *organization, char **key_pem);
/* From files; `key_file` NULL or not there: without. False after saying why. */
bool oriel_ca_load(struct oriel_ca *ca, const char *certificate_file, const char *key_file);
bool oriel_ca_of_owner(struct oriel_ca *ca, const char *owner_directory);
void oriel_ca_clear(struct oriel_ca *ca);
char *oriel_ca_key_pem(const struct oriel_ca *ca);
/* A fresh key and its certificate. NULL after saying why. */
char *oriel_certificate_make(const struct oriel_ca *ca, const struct oriel_leaf *leaf, char **key_pem);
/* A certificate and key that were made elsewhere, checked: they belong together, and the common name is right (NULL:
 * any). */
char *oriel_certificate_own(const char *certificate_file, const char *key_file, const char *common_name,
                            char **key_pem);

/* ---- TURN (provision-turn.c) ---- */

/* The secret that a file holds, or a fresh one when `path` is NULL; NULL after saying why. The caller frees. */
char *oriel_turn_secret(const char *path);
/* `turn` of an enrolment, good until `expiry`, from the secret of the vendor's directory; NULL when the vendor has no
 * servers. False after saying why. */
bool oriel_turn_credentials(const char *directory, const json_t *vendor, const char *agent, json_int_t expiry,
                            json_t **out);

/* ---- the collector (provision-collector.c) ---- */

/* {cosigner, seal}: the keys of the owner's collector for that tenant; NULL: there is none. False after saying why. */
bool oriel_collector_keys(const char *owner, const char *tenant, json_t **out);

/* ---- the commands ---- */

int oriel_provision_owner(int argc, char **argv);
int oriel_provision_vendor(int argc, char **argv);
int oriel_provision_trust(int argc, char **argv);
int oriel_provision_device(int argc, char **argv);
int oriel_provision_install(int argc, char **argv);
int oriel_provision_agent(int argc, char **argv);
int oriel_provision_authorise(int argc, char **argv);
int oriel_provision_revoke(int argc, char **argv);
int oriel_provision_broker(int argc, char **argv);
int oriel_provision_broker_agent(int argc, char **argv);
int oriel_provision_turn(int argc, char **argv);
int oriel_provision_certificate(int argc, char **argv);
int oriel_provision_collector(int argc, char **argv);

#endif
