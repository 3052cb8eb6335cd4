/* limit: what is left when a hub does nothing but commit and send.
 *
 * One thread, epoll. It takes the frames of wsload, stores what came during one statement with the
 * next one, and sends each text as it came: to its sender and its recipient, or to everybody who
 * joined. No JSON, no rights, no reply to build, no peers that do not read: its figures estimate
 * what the machine allows for the same load. They are no proof: a second connection to Postgres, or
 * one buffer for all who get the same, might do more.
 *
 *   limit PORT [DSN]      without DSN nothing is stored
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <libpq-fe.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_USERS = 1 << 20, READ_BYTES = 65536, MAX_FRAME_BYTES = 16384, EVENTS = 512 };
static const char INSERT[] = "INSERT INTO messages (sender_id, receiver_id, content)"
                             " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])";
static const char ACCEPTED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"; /* of wsload's key */

typedef struct { char *at; size_t len, cap; } Bytes;
typedef struct Conn {
    int fd, is_open, is_dirty, wants_out;
    long user;
    size_t sent;
    Bytes in, out; /* without memory while they are empty */
} Conn;
typedef struct { Conn *from; long to; char *text; size_t len; } Message; /* to: a user; 0: all who joined */
typedef struct { Message *at; size_t len, cap; } Messages;

static int ep;
static Conn *by_user[MAX_USERS], **joined, **dirty;
static size_t joined_len, dirty_len;
static Messages came, storing;
static PGconn *db;
static int db_is_busy;

static void die(const char *what) { perror(what); exit(1); }

static void put(Bytes *b, const void *from, size_t len) {
    if (b->len + len > b->cap) { b->cap = (b->len + len) * 2; b->at = realloc(b->at, b->cap); }
    memcpy(b->at + b->len, from, len);
    b->len += len;
}
static void let_go(Bytes *b) { free(b->at); *b = (Bytes){ 0 }; }

static void drop(Conn *c) {
    if (!c->is_open) return;
    c->is_open = 0;
    close(c->fd); /* its memory stays: messages from it may be in flight */
    if (by_user[c->user] == c) by_user[c->user] = NULL;
}

static void flush(Conn *c) {
    while (c->is_open && c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.at + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) { drop(c); return; }
        if (n < 0) break;
        c->sent += n;
    }
    if (c->sent == c->out.len) { c->sent = 0; let_go(&c->out); }
    int wants_out = c->out.len > 0;
    if (c->is_open && wants_out != c->wants_out) {
        c->wants_out = wants_out;
        struct epoll_event e = { .events = EPOLLIN | (wants_out ? EPOLLOUT : 0), .data.ptr = c };
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    }
}

static void deliver(Conn *c, const Message *m) {
    if (c == NULL || !c->is_open) return;
    uint8_t head[4] = { 0x81, m->len };
    size_t len = 2;
    if (m->len > 125) { head[1] = 126; head[2] = m->len >> 8; head[3] = m->len; len = 4; }
    put(&c->out, head, len);
    put(&c->out, m->text, m->len);
    if (!c->is_dirty) { c->is_dirty = 1; dirty[dirty_len++] = c; }
}

static void deliver_all(Messages *all) {
    for (size_t i = 0; i < all->len; i++) {
        Message *m = &all->at[i];
        if (m->to) { deliver(m->from, m); if (by_user[m->to] != m->from) deliver(by_user[m->to], m); }
        else for (size_t k = 0; k < joined_len; k++) deliver(joined[k], m);
        free(m->text);
    }
    all->len = 0;
    for (size_t i = 0; i < dirty_len; i++) { dirty[i]->is_dirty = 0; flush(dirty[i]); }
    dirty_len = 0;
}

static void store(void) {
    static Bytes senders, places, texts;
    Messages free_one = storing;
    storing = came;
    came = free_one;
    senders.len = places.len = texts.len = 0;
    for (size_t i = 0; i < storing.len; i++) {
        char number[24], *text = memmem(storing.at[i].text, storing.at[i].len, "\"content\":\"", 11);
        put(&senders, number, sprintf(number, "%c%ld", i ? ',' : '{', storing.at[i].from->user));
        put(&places, number, sprintf(number, "%c%ld", i ? ',' : '{', storing.at[i].to));
        put(&texts, i ? ",\"" : "{\"", 2);
        if (text) put(&texts, text + 11, strcspn(text + 11, "\"\\")); /* wsload's need no escapes */
        put(&texts, "\"", 1);
    }
    put(&senders, "}", 2); put(&places, "}", 2); put(&texts, "}", 2); /* with the final zero */
    const char *values[] = { senders.at, places.at, texts.at };
    if (!PQsendQueryPrepared(db, "insert", 3, values, NULL, NULL, 0)) { fprintf(stderr, "%s", PQerrorMessage(db)); exit(1); }
    db_is_busy = 1;
}

static void stored(void) {
    if (!PQconsumeInput(db)) { fprintf(stderr, "%s", PQerrorMessage(db)); exit(1); }
    while (!PQisBusy(db)) {
        PGresult *result = PQgetResult(db);
        if (result == NULL) { db_is_busy = 0; deliver_all(&storing); return; }
        if (PQresultStatus(result) != PGRES_COMMAND_OK) { fprintf(stderr, "%s", PQresultErrorMessage(result)); exit(1); }
        PQclear(result);
    }
}

static void take(Conn *c, char *text, size_t len) {
    char *to = memmem(text, len, "\"recipient_id\":", 15);
    if (to == NULL && memmem(text, len, "\"join_channel\"", 14)) { joined[joined_len++] = c; return; }
    if (came.len == came.cap) { came.cap = came.cap ? came.cap * 2 : 64; came.at = realloc(came.at, came.cap * sizeof *came.at); }
    Message *m = &came.at[came.len++];
    *m = (Message){ .from = c, .to = to ? atol(to + 15) : 0, .text = malloc(len + 1), .len = len };
    if (m->to < 0 || m->to >= MAX_USERS) m->to = 0;
    memcpy(m->text, text, len);
    m->text[len] = 0;
}

/* Returns how many bytes of the request were handled; 0: it is not complete. */
static size_t open_websocket(Conn *c) {
    char *end = memmem(c->in.at, c->in.len, "\r\n\r\n", 4), *user = memmem(c->in.at, c->in.len, "u=", 2);
    if (end == NULL) return 0;
    c->user = user ? strtol(user + 2, NULL, 10) : 0;
    if (c->user <= 0 || c->user >= MAX_USERS) { drop(c); return 0; }
    by_user[c->user] = c;
    put(&c->out, ACCEPTED, sizeof ACCEPTED - 1);
    flush(c);
    return end + 4 - c->in.at;
}

static void on_in(Conn *c) {
    static char data[READ_BYTES];
    ssize_t n = recv(c->fd, data, sizeof data, 0);
    if (n <= 0) { if (n == 0 || errno != EAGAIN) drop(c); return; }
    put(&c->in, data, n);
    size_t at = c->user ? 0 : open_websocket(c);
    while (c->user && c->in.len - at >= 6) {
        uint8_t *frame = (uint8_t *)c->in.at + at, *mask;
        size_t len = frame[1] & 127, head = 6;
        if (len == 126) { len = frame[2] << 8 | frame[3]; head = 8; }
        if (len == 127 || head + len > MAX_FRAME_BYTES) { drop(c); return; }
        if (c->in.len - at < head + len) break;
        mask = frame + head - 4;
        for (size_t i = 0; i < len; i++) frame[head + i] ^= mask[i & 3];
        if ((frame[0] & 15) == 8) { drop(c); return; }
        if ((frame[0] & 15) == 1) take(c, (char *)frame + head, len);
        at += head + len;
    }
    if (at == c->in.len) { let_go(&c->in); return; }
    memmove(c->in.at, c->in.at + at, c->in.len - at);
    c->in.len -= at;
}

static void accept_all(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        Conn *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->is_open = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
    }
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "usage: limit PORT [DSN]\n"); return 2; }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    joined = calloc(MAX_USERS, sizeof *joined);
    dirty = calloc(MAX_USERS, sizeof *dirty);
    ep = epoll_create1(0);
    if (argc > 2) {
        db = PQconnectdb(argv[2]);
        PGresult *prepared = PQprepare(db, "insert", INSERT, 3, NULL);
        if (PQresultStatus(prepared) != PGRES_COMMAND_OK) { fprintf(stderr, "%s", PQerrorMessage(db)); return 1; }
        PQclear(prepared);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = db };
        epoll_ctl(ep, EPOLL_CTL_ADD, PQsocket(db), &e);
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) die("listen");
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = &listener }, events[EVENTS];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    for (;;) {
        int n = epoll_wait(ep, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            Conn *c = events[i].data.ptr;
            if ((void *)c == &listener) accept_all(listener);
            else if ((void *)c == db) stored();
            else if (c->is_open && events[i].events & EPOLLOUT) flush(c);
            if ((void *)c != &listener && (void *)c != db && c->is_open && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_in(c);
        }
        if (came.len && db == NULL) deliver_all(&came);
        else if (came.len && !db_is_busy) store();
    }
}
