/* The X.509 of `oriel provision`, by OpenSSL: a private CA for the broker's TLS, certificates of brokers, devices and
 * administrators (RFC 5280). EC P-256 keys, random serials of 127 bits, valid from an hour ago (clocks differ) and
 * never longer than the CA. Oriel's own trust does not hang on these: they let a device into the broker, no further. */
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "provision.h"

enum { CA_DAYS = 7300, EARLIER = -3600 };

static void *fail(const char *what) {
    char why[160];
    ERR_error_string_n(ERR_peek_last_error(), why, sizeof why);
    ERR_clear_error();
    oriel_error("%s: %s", what, why);
    return NULL;
}

/* What is in the BIO as a string. Frees the BIO. */
static char *bio_text(BIO *bio) {
    char *bytes;
    long length = BIO_get_mem_data(bio, &bytes);
    char *text = length > 0 ? strndup(bytes, (size_t)length) : NULL;
    BIO_free(bio);
    return text;
}

static char *key_to_pem(EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_mem());
    return bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) ? bio_text(bio)
                                                                                     : fail("a key cannot be written");
}

static char *certificate_to_pem(X509 *certificate) {
    BIO *bio = BIO_new(BIO_s_mem());
    return bio && PEM_write_bio_X509(bio, certificate) ? bio_text(bio) : fail("a certificate cannot be written");
}

static bool set_serial(X509 *certificate) {
    BIGNUM *number = BN_new();
    bool good = number && BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return good;
}

static bool set_name(X509 *certificate, const char *common_name, const char *organization) {
    X509_NAME *name = X509_get_subject_name(certificate);
    return (!organization || X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
                                                        (const unsigned char *)organization, -1, -1, 0)) &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1,
                                      0);
}

static bool set_validity(X509 *certificate, long days, const X509 *issuer) {
    if (!X509_gmtime_adj(X509_getm_notBefore(certificate), EARLIER) ||
        !X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, 0, NULL))
        return false;
    return !issuer || ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(issuer)) <= 0 ||
           X509_set1_notAfter(certificate, X509_get0_notAfter(issuer));
}

static bool extend(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool good = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

/* Ed25519 has a digest of its own. */
static bool sign(X509 *certificate, EVP_PKEY *key) {
    bool none = EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
    return X509_sign(certificate, key, none ? NULL : EVP_sha256()) > 0;
}

char *oriel_ca_make(const char *organization, char **key_pem) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool good = key && certificate && X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
                set_name(certificate, "Oriel private CA", organization) &&
                X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) &&
                set_validity(certificate, CA_DAYS, NULL) && X509_set_pubkey(certificate, key) &&
                extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                extend(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                extend(certificate, certificate, NID_subject_key_identifier, "hash") && sign(certificate, key);
    char *pem = good ? certificate_to_pem(certificate) : fail("a CA cannot be made");
    *key_pem = pem ? key_to_pem(key) : NULL;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return pem;
}

/* Nobody is asked for a passphrase at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user) {
    return -1;
}

static X509 *read_certificate(const char *path, char **text) {
    size_t length;
    *text = oriel_file_text(path, &length);
    BIO *bio = *text ? BIO_new_mem_buf(*text, (int)length) : NULL;
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    if (*text && !certificate)
        oriel_error("%s: not a certificate in PEM", path);
    ERR_clear_error();
    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *read_key(const char *path) {
    size_t length;
    _cleanup_free_ char *text = oriel_file_text(path, &length);
    BIO *bio = text ? BIO_new_mem_buf(text, (int)length) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    if (text && !key)
        oriel_error("%s: not a private key in PEM without a passphrase", path);
    if (text)
        OPENSSL_cleanse(text, length);
    ERR_clear_error();
    BIO_free(bio);
    return key;
}

static bool belongs(X509 *certificate, EVP_PKEY *key, const char *certificate_file, const char *key_file) {
    bool good = X509_check_private_key(certificate, key) == 1;
    ERR_clear_error();
    if (!good)
        oriel_error("%s does not belong to %s", key_file, certificate_file);
    return good;
}

bool oriel_ca_load(struct oriel_ca *ca, const char *certificate_file, const char *key_file) {
    *ca = (struct oriel_ca){0};
    ca->certificate = read_certificate(certificate_file, &ca->pem);
    bool good = ca->certificate != NULL;
    if (good && X509_check_ca(ca->certificate) < 1) {
        oriel_error("%s is no CA's certificate (basicConstraints must say CA:TRUE)", certificate_file);
        good = false;
    }
    if (good && key_file && g_file_test(key_file, G_FILE_TEST_EXISTS)) {
        ca->key = read_key(key_file);
        good = ca->key && belongs(ca->certificate, ca->key, certificate_file, key_file);
    }
    if (!good)
        oriel_ca_clear(ca);
    return good;
}

bool oriel_ca_of_owner(struct oriel_ca *ca, const char *owner_directory) {
    g_autofree char *certificate = g_build_filename(owner_directory, "ca.pem", NULL);
    g_autofree char *key = g_build_filename(owner_directory, "ca.key", NULL);
    return oriel_ca_load(ca, certificate, key);
}

void oriel_ca_clear(struct oriel_ca *ca) {
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    free(ca->pem);
    *ca = (struct oriel_ca){0};
}

char *oriel_ca_key_pem(const struct oriel_ca *ca) {
    return key_to_pem(ca->key);
}

/* "DNS:broker.example.com,IP:127.0.0.1"; NULL when one is neither: its text would be read as more than a name. */
static char *alternative_names(const GPtrArray *hosts) {
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < hosts->len; i++) {
        const char *host = hosts->pdata[i];
        bool address = g_hostname_is_ip_address(host);
        if (!address && (!*host || strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*") !=
                                       strlen(host))) {
            oriel_error("'%s' is neither a host name nor an IP address", host);
            g_string_free(names, TRUE);
            return NULL;
        }
        g_string_append_printf(names, "%s%s:%s", i ? "," : "", address ? "IP" : "DNS", host);
    }
    return g_string_free(names, FALSE);
}

static bool extend_leaf(X509 *certificate, X509 *issuer, const struct oriel_leaf *leaf, const char *names) {
    return extend(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           extend(certificate, issuer, NID_ext_key_usage, names ? "serverAuth" : "clientAuth") &&
           extend(certificate, issuer, NID_subject_key_identifier, "hash") &&
           extend(certificate, issuer, NID_authority_key_identifier, "keyid") &&
           (!names || extend(certificate, issuer, NID_subject_alt_name, names));
}

char *oriel_certificate_make(const struct oriel_ca *ca, const struct oriel_leaf *leaf, char **key_pem) {
    if (!ca->key) {
        oriel_error("the owner's CA has no key here (ca.key), so the certificate must come from elsewhere: "
                    "--certificate FILE --certificate-key FILE");
        return NULL;
    }
    g_autofree char *names = leaf->hosts ? alternative_names(leaf->hosts) : NULL;
    if (leaf->hosts && !names)
        return NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool good = key && certificate && X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
                set_name(certificate, leaf->common_name, leaf->organization) &&
                X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate)) &&
                set_validity(certificate, leaf->days, ca->certificate) && X509_set_pubkey(certificate, key) &&
                extend_leaf(certificate, ca->certificate, leaf, names) && sign(certificate, ca->key);
    char *pem = good ? certificate_to_pem(certificate) : fail("a certificate cannot be made");
    *key_pem = pem ? key_to_pem(key) : NULL;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return pem;
}

static bool has_name(X509 *certificate, const char *file, const char *common_name) {
    char name[256] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    if (strcmp(name, common_name) == 0)
        return true;
    oriel_error("%s is for '%s'; its common name must be '%s', since that is how the broker knows it", file, name,
                common_name);
    return false;
}

char *oriel_certificate_own(const char *certificate_file, const char *key_file, const char *common_name,
                            char **key_pem) {
    char *pem;
    X509 *certificate = read_certificate(certificate_file, &pem);
    EVP_PKEY *key = certificate ? read_key(key_file) : NULL;
    bool good = key && belongs(certificate, key, certificate_file, key_file) &&
                (!common_name || has_name(certificate, certificate_file, common_name));
    *key_pem = good ? key_to_pem(key) : NULL;
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (good)
        return pem;
    free(pem);
    return NULL;
}
