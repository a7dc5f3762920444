/* See client.h. */
#include "client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "network.h"

enum {
    CONNECT_TIMEOUT = 20,   /* s */
    UNANSWERED_MAX = 30000, /* ms */
    IN_FLIGHT_MAX = 32,
    BUFFERED_MAX = 128,                          /* a session's whole exchange is some 30 messages */
    PACKET_MAX = ORIEL_INBOX_PAYLOAD_MAX + 8192, /* a broker of MQTT 5 keeps larger ones to itself */
    REFUSED_3_1_1 = 0x80,                        /* SUBACK of MQTT 3.1.1, section 3.9.3 */
};

static void tell(const struct oriel_client_attempt *a, unsigned event, int code, const char *text) {
    oriel_inbox_put_link(a->client->inbox, a->number, event, code, text);
}

static int on_message(void *context, char *topic, int topic_length, MQTTAsync_message *message) {
    const struct oriel_client_attempt *a = context;
    oriel_inbox_put(a->client->inbox, topic, (size_t)topic_length, message);
    return 1;
}

static void on_lost(void *context, char *cause) {
    tell(context, ORIEL_LINK_LOST, 0, NULL);
}

/* The broker of MQTT 5 says why it ends the connection; on_lost follows and must not hide the reason. */
static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason) {
    tell(context, 0, 0, MQTTReasonCode_toString(reason));
}

static void on_connected5(void *context, MQTTAsync_successData5 *data) {
    tell(context, ORIEL_LINK_CONNECTED, 0, NULL);
}

static void on_connected3(void *context, MQTTAsync_successData *data) {
    on_connected5(context, NULL);
}

/* A positive code is the broker's own, from CONNACK; anything else is Paho's and says little. */
static void connect_failed(const struct oriel_client_attempt *a, int code) {
    tell(a, code > 0 ? ORIEL_LINK_REFUSED : ORIEL_LINK_FAILED, code, NULL);
}

static void on_connect_failed5(void *context, MQTTAsync_failureData5 *data) {
    connect_failed(context, data->reasonCode > 0 ? (int)data->reasonCode : data->code);
}

static void on_connect_failed3(void *context, MQTTAsync_failureData *data) {
    connect_failed(context, data->code);
}

static void on_subscribed5(void *context, MQTTAsync_successData5 *data) {
    int code = (int)data->reasonCode;
    for (int i = 0; data->alt.sub.reasonCodeCount > 1 && i < data->alt.sub.reasonCodeCount; i++)
        if ((int)data->alt.sub.reasonCodes[i] >= REFUSED_3_1_1)
            code = (int)data->alt.sub.reasonCodes[i];
    tell(context, code >= REFUSED_3_1_1 ? ORIEL_LINK_REFUSED : ORIEL_LINK_SUBSCRIBED, code, NULL);
}

static void on_subscribed3(void *context, MQTTAsync_successData *data) {
    bool refused = data->alt.qosList[0] >= REFUSED_3_1_1 || data->alt.qosList[1] >= REFUSED_3_1_1; /* of two at least */
    tell(context, refused ? ORIEL_LINK_REFUSED : ORIEL_LINK_SUBSCRIBED, refused ? REFUSED_3_1_1 : 0, NULL);
}

static void on_delivered5(void *context, MQTTAsync_successData5 *data) {
    tell(context, ORIEL_LINK_DELIVERED, 0, NULL);
}

static void on_delivered3(void *context, MQTTAsync_successData *data) {
    on_delivered5(context, NULL);
}

static void on_publish_failed5(void *context, MQTTAsync_failureData5 *data) {
    if ((int)data->reasonCode >= REFUSED_3_1_1)
        tell(context, ORIEL_LINK_PUBLISH_REFUSED, data->reasonCode, NULL);
}

static void on_closed5(void *context, MQTTAsync_successData5 *data) {
    tell(context, ORIEL_LINK_CLOSED, 0, NULL);
}

static void on_closed3(void *context, MQTTAsync_successData *data) {
    on_closed5(context, NULL);
}

/* Paho has no way to set options of its socket: it is the only TCP socket here while a diagnosis does not run. Without
 * NODELAY a message that follows an acknowledgement waits 40 ms; with USER_TIMEOUT a connection that a NAT has
 * forgotten is known dead soon after the first message into it, not after keepalive and a half. */
enum { FD_MAX = 32 };

void oriel_client_tune(void) {
    int on = 1, timeout = UNANSWERED_MAX;
    for (int fd = 3; fd < FD_MAX; fd++) {
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0)
            setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
    }
}

/* Nothing comes by that connection any more: the thread that waits for it need not wait until its second is over. */
bool oriel_client_moved(void) {
    for (int fd = 3; fd < FD_MAX; fd++)
        if (oriel_network_moved(fd)) {
            shutdown(fd, SHUT_RD);
            return true;
        }
    return false;
}

static int make_handle(struct oriel_client_attempt *a) {
    struct oriel_client *c = a->client;
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = c->five ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    options.maxBufferedMessages = BUFFERED_MAX;
    int result = MQTTAsync_createWithOptions(&a->handle, c->target->address.url, c->device, MQTTCLIENT_PERSISTENCE_NONE,
                                             NULL, &options);
    if (result == MQTTASYNC_SUCCESS)
        result = MQTTAsync_setCallbacks(a->handle, a, on_lost, on_message, NULL);
    if (result == MQTTASYNC_SUCCESS && c->five)
        result = MQTTAsync_setDisconnected(a->handle, a, on_disconnected);
    return result;
}

static struct oriel_client_attempt *present(struct oriel_client *c) {
    return &c->attempts[c->turn];
}

/* A new attempt takes the turn once the one before it is gone with all that Paho knew of it, its threads too: one that
 * has received anything waits 1.1 s before it looks at a connection that comes up, a new one 10 ms. */
static int begin(struct oriel_client *c) {
    struct oriel_client_attempt *before = present(c), *a = &c->attempts[!c->turn];
    *a = (struct oriel_client_attempt){.client = c, .number = oriel_inbox_begin(c->inbox)};
    c->turn = !c->turn;
    MQTTAsync_destroy(&before->handle);
    return make_handle(a);
}

int oriel_client_connect(struct oriel_client *c, bool five) {
    c->five = five;
    int result = begin(c);
    if (result != MQTTASYNC_SUCCESS)
        return result;

    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    const struct oriel_signal_files *files = &c->target->files;
    options.MQTTVersion = five ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    options.cleansession = !five;
    options.cleanstart = five;
    options.keepAliveInterval = ORIEL_SIGNAL_KEEPALIVE;
    options.connectTimeout = CONNECT_TIMEOUT;
    options.maxInflight = IN_FLIGHT_MAX;
    options.context = present(c);
    options.will = c->will ? &will : NULL;
    will.topicName = c->state_topic;
    will.payload.data = c->will;
    will.payload.len = (int)c->will_length;
    will.qos = 1;
    will.retained = 1;
    if (c->target->address.tls) {
        options.ssl = &tls;
        tls.trustStore = files->ca[0] ? files->ca : NULL;
        tls.keyStore = files->certificate[0] ? files->certificate : NULL;
        tls.privateKey = files->key[0] ? files->key : NULL;
        tls.enabledCipherSuites = ORIEL_SIGNAL_CIPHERS;
        tls.enableServerCertAuth = 1;
        tls.verify = 1; /* the host name */
    }
    if (c->target->proxy[0])
        options.httpProxy = options.httpsProxy = c->target->proxy;

    MQTTProperties properties = MQTTProperties_initializer;
    if (five) {
        MQTTProperty size = {.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, .value.integer4 = PACKET_MAX};
        MQTTProperties_add(&properties, &size);
        options.connectProperties = &properties;
        options.onSuccess5 = on_connected5;
        options.onFailure5 = on_connect_failed5;
    } else {
        options.onSuccess = on_connected3;
        options.onFailure = on_connect_failed3;
    }
    result = MQTTAsync_connect(present(c)->handle, &options);
    MQTTProperties_free(&properties);
    return result;
}

int oriel_client_subscribe(struct oriel_client *c) {
    char *wanted[4] = {c->down_topic, c->state_topic, c->revoked_topic, c->cosigned_topic}, *topics[4];
    int qos[4] = {1, 1, 1, 1}, count = 0;
    for (int i = 0; i < 4; i++)
        if (wanted[i][0])
            topics[count++] = wanted[i];
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    MQTTSubscribe_options options[4] = {MQTTSubscribe_options_initializer, MQTTSubscribe_options_initializer,
                                        MQTTSubscribe_options_initializer, MQTTSubscribe_options_initializer};
    response.context = present(c);
    if (c->five) {
        response.onSuccess5 = on_subscribed5;
        response.onFailure5 = on_connect_failed5;
        response.subscribeOptionsCount = count;
        response.subscribeOptionsList = options;
    } else {
        response.onSuccess = on_subscribed3;
        response.onFailure = on_connect_failed3;
    }
    return MQTTAsync_subscribeMany(present(c)->handle, count, topics, qos, &response);
}

int oriel_client_publish(struct oriel_client *c, const char *topic, const void *payload, size_t length, bool retained,
                         bool report) {
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.context = present(c);
    if (c->five) {
        response.onFailure5 = on_publish_failed5;
        response.onSuccess5 = report ? on_delivered5 : NULL;
    } else {
        response.onSuccess = report ? on_delivered3 : NULL;
    }
    return MQTTAsync_send(present(c)->handle, topic, (int)length, payload, 1, retained, &response);
}

void oriel_client_disconnect(struct oriel_client *c) {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;
    MQTTAsync_disconnectOptions *o = c->five ? &options5 : &options;
    o->context = present(c);
    if (c->five)
        o->onSuccess5 = on_closed5;
    else
        o->onSuccess = on_closed3;
    if (MQTTAsync_disconnect(present(c)->handle, o) != MQTTASYNC_SUCCESS)
        tell(present(c), ORIEL_LINK_CLOSED, 0, NULL);
}

const char *oriel_client_reason(bool five, int code) {
    static const char *const refusals[] = {"accepted",           "unacceptable protocol version", "client id rejected",
                                           "server unavailable", "bad user name or password",     "not authorised"};
    if (!five && code >= 0 && (size_t)code < sizeof refusals / sizeof *refusals)
        return refusals[code];
    const char *text = five ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : NULL;
    return text ? text : "no reason given";
}
