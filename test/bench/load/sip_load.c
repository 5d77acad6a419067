/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip-load - load tool for a SIP relay between two mutual-TLS sides.
 *
 * One process plays both ends around the proxy under test:
 *
 *   flow "in" :  partner clients  ->  proxy  ->  internal server (listener here)
 *   flow "out":  internal clients ->  proxy  ->  partner server  (listener here)
 *
 * Clients send SIP requests over mutual TLS, listeners answer each with 200 OK
 * on the connection it came in on.  Every answer is checked (exactly one Via,
 * our branch, our Call-ID, our CSeq) and every request body is compared.
 *
 * Modes: throughput, rate, handshake, idle, large (see usage()).
 * The last line of output is one flat JSON object.
 *
 * Loopback only: addresses outside 127.0.0.0/8 are refused.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define NSEC 1000000000ull
#define RXBUF (256 * 1024)
#define MAXHDR 96
#define IDLEN 18 /* hex id: 5 connection, 5 slot, 8 sequence */

enum mode { THROUGHPUT, RATE, HANDSHAKE, IDLE, LARGE };
static const char *const mode_name[] = {"throughput", "rate", "handshake", "idle", "large"};

/* ------------------------------------------------------------ options -- */

struct flow {
    const char *name;
    const char *host, *port, *listen; /* proxy address; own listener [IP:]PORT, 0 = none */
    const char *cert, *key, *ca;      /* client side: own certificate, CA of the proxy */
    const char *lcert, *lkey, *lca;   /* listener side: likewise */
    const char *sni, *from, *ruri;
    struct sockaddr_in to, at;
    SSL_CTX *cctx, *sctx;
};

static struct flow flows[2] = {
    {.name = "in", .host = "127.0.0.1", .port = "5061", .listen = "127.0.0.1:7061",
     .sni = "gw.internal.test", .from = "partner.test", .ruri = "internal.test"},
    {.name = "out", .host = "127.0.0.1", .port = "5062", .listen = "127.0.0.1:7062",
     .sni = "gw.internal.test", .from = "internal.test", .ruri = "partner.test"},
};

static struct {
    enum mode mode;
    const char *dir, *certs, *method, *tls, *label;
    int conns, window, body, threads, burst, src_ips, pid;
    double secs, warmup, rate, timeout;
    int ping, resume, coalesce, direct;
    bool use[2];
} o = {.dir = "in", .method = "MESSAGE", .tls = "1.3", .label = "", .conns = -1, .window = -1,
       .body = -1, .threads = 1, .burst = 32, .secs = -1, .warmup = 1, .rate = 1000, .timeout = 5};

static const struct opt {
    const char *name;
    char type; /* s string, i int, d double, b switch, f flow string */
    void *to;
    size_t off;
    const char *help;
} opts[] = {
    {"dir", 's', &o.dir, 0, "in | out | both: which direction(s) to load (in)"},
    {"certs", 's', &o.certs, 0, "folder written by mkcerts.sh (required unless all cert options given)"},
    {"conns", 'i', &o.conns, 0, "client connections per direction (8; handshake: parallel, 16; idle: 1000)"},
    {"window", 'i', &o.window, 0, "outstanding requests per connection, closed loop (16; large: 2)"},
    {"secs", 'd', &o.secs, 0, "length of the measured window (10; idle: hold time, 3)"},
    {"warmup", 'd', &o.warmup, 0, "seconds of load before the window (1)"},
    {"rate", 'd', &o.rate, 0, "rate mode: requests per second over all connections (1000)"},
    {"body", 'i', &o.body, 0, "body bytes (512; large: 65536)"},
    {"method", 's', &o.method, 0, "non-INVITE request method (MESSAGE)"},
    {"threads", 'i', &o.threads, 0, "loader threads (1)"},
    {"burst", 'i', &o.burst, 0, "connections being set up at once (32)"},
    {"src-ips", 'i', &o.src_ips, 0, "spread clients over 127.0.1.1..N (0 = do not bind)"},
    {"ping", 'b', &o.ping, 0, "handshake, idle: one request and its answer on each connection"},
    {"resume", 'b', &o.resume, 0, "allow TLS session resumption on both sides (off: always full handshakes)"},
    {"coalesce", 'b', &o.coalesce, 0, "pack messages into shared TLS records (off: one record per message)"},
    {"timeout", 'd', &o.timeout, 0, "seconds until a request or handshake counts as lost (5)"},
    {"pid", 'i', &o.pid, 0, "proxy process: its CPU time and memory, with all descendants, are measured"},
    {"direct", 'b', &o.direct, 0, "no proxy: clients connect to the own listener"},
    {"tls", 's', &o.tls, 0, "TLS version 1.2 | 1.3 (1.3)"},
    {"label", 's', &o.label, 0, "copied into the JSON"},
    {"host", 'f', 0, offsetof(struct flow, host), "proxy IP (127.0.0.1)"},
    {"port", 'f', 0, offsetof(struct flow, port), "proxy port (in 5061, out 5062)"},
    {"listen", 'f', 0, offsetof(struct flow, listen), "own listener IP:PORT (in 7061, out 7062; 0 = none)"},
    {"cert", 'f', 0, offsetof(struct flow, cert), "client certificate chain"},
    {"key", 'f', 0, offsetof(struct flow, key), "client key"},
    {"ca", 'f', 0, offsetof(struct flow, ca), "CA that signed the proxy's server certificate"},
    {"lcert", 'f', 0, offsetof(struct flow, lcert), "listener certificate chain"},
    {"lkey", 'f', 0, offsetof(struct flow, lkey), "listener key"},
    {"lca", 'f', 0, offsetof(struct flow, lca), "CA that signed the proxy's client certificate"},
    {"sni", 'f', 0, offsetof(struct flow, sni), "SNI and name verified in the proxy's certificate"},
    {"from", 'f', 0, offsetof(struct flow, from), "From domain"},
    {"ruri", 'f', 0, offsetof(struct flow, ruri), "Request-URI and To domain"},
};

static void usage(void)
{
    printf("usage: sip-load throughput|rate|handshake|idle|large [--option value]...\n"
           "The second group may be prefixed with in- or out- to set one direction only.\n\n");
    for (size_t i = 0; i < sizeof opts / sizeof *opts; i++)
        printf("  --%s%-10s %s\n", opts[i].type == 'f' ? "[in-|out-]" : "          ", opts[i].name, opts[i].help);
    exit(2);
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "sip-load: ");
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    exit(2);
}

static void *xrealloc(void *p, size_t n)
{
    if (!(p = realloc(p, n)))
        die("out of memory");
    return p;
}

static const char *path2(const char *file, const char *ext)
{
    char *s;
    if (!o.certs)
        die("--certs DIR is needed");
    if (asprintf(&s, "%s/%s%s", o.certs, file, ext) < 0)
        die("out of memory");
    return s;
}

static struct sockaddr_in address(const char *host, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1 || (ntohl(a.sin_addr.s_addr) >> 24) != 127)
        die("%s is not in 127.0.0.0/8", host);
    return a;
}

static void parse_options(int argc, char **argv)
{
    size_t m;
    if (argc < 2)
        usage();
    for (m = 0; m < 5 && strcmp(argv[1], mode_name[m]); m++)
        ;
    if (m == 5)
        usage();
    o.mode = (enum mode)m;
    for (int i = 2; i < argc; i++) {
        const char *n = argv[i];
        int lo = 0, hi = 1;
        if (strncmp(n, "--", 2))
            die("unexpected argument %s", n);
        n += 2;
        if (!strncmp(n, "in-", 3))
            hi = 0, n += 3;
        else if (!strncmp(n, "out-", 4))
            lo = 1, n += 4;
        const struct opt *p = opts, *end = opts + sizeof opts / sizeof *opts;
        while (p < end && strcmp(p->name, n))
            p++;
        if (p == end)
            die("unknown option %s", argv[i]);
        if (p->type == 'b') {
            *(int *)p->to = 1;
            continue;
        }
        if (++i == argc)
            die("--%s needs a value", p->name);
        switch (p->type) {
        case 's': *(const char **)p->to = argv[i]; break;
        case 'i': *(int *)p->to = atoi(argv[i]); break;
        case 'd': *(double *)p->to = atof(argv[i]); break;
        case 'f':
            for (int k = lo; k <= hi; k++)
                *(const char **)((char *)&flows[k] + p->off) = argv[i];
        }
    }
    if (!strcmp(o.method, "INVITE") || !strcmp(o.method, "ACK") || !strcmp(o.method, "CANCEL"))
        die("only non-INVITE methods");
    o.use[0] = strcmp(o.dir, "out") != 0;
    o.use[1] = strcmp(o.dir, "in") != 0;
    if (o.conns < 0)
        o.conns = o.mode == HANDSHAKE ? 16 : o.mode == IDLE ? 1000 : 8;
    if (o.window < 0)
        o.window = o.mode == LARGE ? 2 : 16;
    if (o.body < 0)
        o.body = o.mode == LARGE ? 65536 : 512;
    if (o.secs < 0)
        o.secs = o.mode == IDLE ? 3 : 10;
    if (o.threads < 1)
        o.threads = 1;
}

/* -------------------------------------------------- clock, histogram --- */

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

/* log-linear histogram of nanoseconds, 128 steps per octave (< 0.8 % error) */
struct hist {
    uint64_t n, max, b[58 * 128];
};

static void hist_add(struct hist *h, uint64_t v)
{
    unsigned i = (unsigned)v;
    if (v >= 128) {
        unsigned e = 63u - (unsigned)__builtin_clzll(v);
        i = (e - 6) * 128 + ((v >> (e - 7)) & 127);
    }
    h->b[i]++;
    h->n++;
    if (v > h->max)
        h->max = v;
}

static double hist_us(const struct hist *h, double q)
{
    uint64_t want = (uint64_t)(q * (double)h->n), seen = 0;
    for (unsigned i = 0; i < 58 * 128; i++) {
        seen += h->b[i];
        if (seen > want || (seen == h->n && h->n)) {
            if (i < 128)
                return i / 1e3;
            double v = (double)((uint64_t)(128 + i % 128) << (i / 128 - 1)) * (1 + 1 / 512.);
            return (v > (double)h->max ? (double)h->max : v) / 1e3;
        }
    }
    return 0;
}

/* ------------------------------------ CPU and memory of a process tree - */

struct usage {
    double cpu, steal, busy; /* busy: whole machine, user + nice + system + irq */
    long rss_kb, pss_kb;
    int procs;
};

static long kb_line(pid_t pid, const char *file, const char *key)
{
    char path[64], line[256];
    long v = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key))) {
            v = atol(line + strlen(key));
            break;
        }
    fclose(f);
    return v;
}

/* user + system time of pid and all its live descendants, with what each has
 * reaped from exited children, as /proc/PID/stat gives them (clock ticks) */
static struct usage measure(pid_t root, bool memory)
{
    static struct { pid_t pid, ppid; double ticks; bool in; } t[4096];
    struct usage u = {0};
    int n = 0;
    FILE *f;
    if ((f = fopen("/proc/stat", "r"))) {
        unsigned long long v[8] = {0};
        if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) == 8) {
            u.steal = (double)v[7] / (double)sysconf(_SC_CLK_TCK);
            u.busy = (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / (double)sysconf(_SC_CLK_TCK);
        }
        fclose(f);
    }
    DIR *d = root ? opendir("/proc") : NULL;
    for (struct dirent *e; d && (e = readdir(d)) && n < 4096;) {
        char path[300], buf[1024], *p;
        if (!isdigit((unsigned char)*e->d_name))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        if (!(f = fopen(path, "r")))
            continue;
        buf[fread(buf, 1, sizeof buf - 1, f)] = 0;
        fclose(f);
        unsigned long ut, st;
        long cut, cst;
        int ppid;
        if ((p = strrchr(buf, ')')) &&
            sscanf(p + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &ppid, &ut, &st, &cut, &cst) == 5) {
            t[n].pid = atoi(e->d_name), t[n].ppid = ppid;
            t[n].ticks = (double)ut + (double)st + (double)cut + (double)cst;
            t[n].in = t[n].pid == root;
            n++;
        }
    }
    if (d)
        closedir(d);
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < n && !t[i].in; k++)
                if (t[k].in && t[k].pid == t[i].ppid)
                    t[i].in = more = true;
    }
    for (int i = 0; i < n; i++)
        if (t[i].in) {
            u.procs++;
            u.cpu += t[i].ticks / (double)sysconf(_SC_CLK_TCK);
            if (memory) {
                u.rss_kb += kb_line(t[i].pid, "status", "VmRSS:");
                u.pss_kb += kb_line(t[i].pid, "smaps_rollup", "Pss:");
            }
        }
    return u;
}

static double own_cpu(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* --------------------------------------------------- workers, conns ---- */

enum phase { SETUP, WARM, RUN, DRAIN, STOP };
static _Atomic int phase = SETUP;
static uint64_t run_from, run_to; /* written before the phase that uses them */

struct slot {
    uint64_t t0;
    uint32_t seq;
    bool busy;
};

enum role { LISTENER, CLIENT, SERVER };
enum state { DEAD, CONNECTING, HANDSHAKING, OPEN, CLOSING };

struct conn {
    enum role role;
    enum state st;
    struct worker *w;
    struct flow *f;
    int fd;
    bool dirty, fin;
    uint32_t ev;
    struct sockaddr_in peer;
    SSL *ssl;
    SSL_SESSION *sess;
    uint64_t t_start;
    char *out;                /* TLS bytes to send */
    size_t out_off, out_len, out_cap;
    char *in;                 /* plain text not yet parsed */
    size_t in_len, in_cap, need;
    char *plain;              /* --coalesce: plain text to encrypt at flush */
    size_t plain_len, plain_cap;
    /* clients */
    uint32_t id, seq, nslots, nfree, inflight;
    struct slot *slots;
    uint32_t *freelist;
    char *msg;                /* request, patched in place */
    size_t msg_len, at_branch, at_call, at_tag, at_user[2];
    struct conn *next_dirty, *next_dead;
};

struct stats {
    uint64_t ok, bytes, hs, resumed;
    uint64_t mismatch, unexpected, bad_status, timeouts, lost, provisional;
    uint64_t conn_fail, conn_lost, resets, parse;
    uint64_t served, bad_body, foreign, accepted, accept_fail;
    uint64_t status[7];
    int vias, rrs, last_status;
    uint64_t lag_ns;
};

struct worker {
    int id, ep;
    pthread_t thread;
    struct conn **c;
    int n, opened, next, setting_up, rr;
    struct conn *dirty, *dead;
    char *rx, *tx, *rp, *re;
    size_t tx_cap;
    uint64_t tick, next_send, sent;
    double every;
    _Atomic int ready;        /* connections settled (open or failed) */
    _Atomic int pinged, inflight;
    int seen;                 /* phase acted upon */
    struct stats s;
    struct hist h;
    char err[256], tls[96];
};

static struct worker *workers;
static char run_tag[16]; /* makes Call-IDs unique to this run */
static char *body;
static size_t method_len;

static void note(struct worker *w, const char *what, const char *why)
{
    if (!*w->err)
        snprintf(w->err, sizeof w->err, "%s: %s", what, why);
}

static const char *tls_reason(void)
{
    unsigned long e = ERR_peek_last_error();
    const char *s = e ? ERR_reason_error_string(e) : NULL;
    return s ? s : "closed";
}

/* Transport of an SSL object: reads what the worker has just received, writes
 * to the connection's output buffer, so that TLS work makes no system calls. */
static int bio_write(BIO *b, const char *p, int n)
{
    struct conn *c = BIO_get_data(b);
    if (c->out_len + (size_t)n > c->out_cap)
        c->out = xrealloc(c->out, c->out_cap = (c->out_len + (size_t)n) * 2);
    memcpy(c->out + c->out_len, p, (size_t)n);
    c->out_len += (size_t)n;
    return n;
}

static int bio_read(BIO *b, char *p, int n)
{
    struct conn *c = BIO_get_data(b);
    struct worker *w = c->w;
    BIO_clear_retry_flags(b);
    if (w->rp == w->re) {
        BIO_set_retry_read(b);
        return -1;
    }
    if (n > w->re - w->rp)
        n = (int)(w->re - w->rp);
    memcpy(p, w->rp, (size_t)n);
    w->rp += n;
    return n;
}

static long bio_ctrl(BIO *b, int cmd, long l, void *p)
{
    (void)b, (void)l, (void)p;
    return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *bio_method;

static void conn_tls(struct conn *c, SSL_CTX *ctx)
{
    BIO *b = BIO_new(bio_method);
    c->ssl = SSL_new(ctx);
    if (!b || !c->ssl)
        die("out of memory");
    BIO_set_data(b, c);
    BIO_set_init(b, 1);
    SSL_set_bio(c->ssl, b, b);
    SSL_set_app_data(c->ssl, c);
    if (c->role == SERVER) {
        SSL_set_accept_state(c->ssl);
        return;
    }
    SSL_set_connect_state(c->ssl);
    SSL_set_tlsext_host_name(c->ssl, c->f->sni);
    SSL_set1_host(c->ssl, c->f->sni);
    if (o.resume && c->sess)
        SSL_set_session(c->ssl, c->sess);
}

static int new_session(SSL *ssl, SSL_SESSION *s)
{
    struct conn *c = SSL_get_app_data(ssl);
    SSL_SESSION_free(c->sess);
    c->sess = s;
    return 1;
}

static SSL_CTX *context(bool server, const char *cert, const char *key, const char *ca)
{
    SSL_CTX *x = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    int v = !strcmp(o.tls, "1.2") ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(x, v);
    SSL_CTX_set_max_proto_version(x, v);
    if (SSL_CTX_use_certificate_chain_file(x, cert) != 1)
        die("certificate %s: %s", cert, tls_reason());
    if (SSL_CTX_use_PrivateKey_file(x, key, SSL_FILETYPE_PEM) != 1)
        die("key %s: %s", key, tls_reason());
    if (SSL_CTX_load_verify_locations(x, ca, NULL) != 1)
        die("CA %s: %s", ca, tls_reason());
    SSL_CTX_set_verify(x, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | (o.mode == IDLE ? SSL_MODE_RELEASE_BUFFERS : 0));
    SSL_CTX_set_session_id_context(x, (const unsigned char *)"sip-load", 7);
    if (!o.resume) {
        SSL_CTX_set_options(x, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(x, 0);
        SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
    } else if (!server) {
        SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(x, new_session);
    }
    return x;
}

static void mark_dirty(struct conn *c)
{
    if (!c->dirty) {
        c->dirty = true;
        c->next_dirty = c->w->dirty;
        c->w->dirty = c;
    }
}

static void want(struct conn *c, uint32_t ev)
{
    if (c->ev != ev) {
        struct epoll_event e = {.events = ev, .data.ptr = c};
        epoll_ctl(c->w->ep, c->ev ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e);
        c->ev = ev;
    }
}

static void conn_write(struct conn *c, const char *p, size_t n)
{
    mark_dirty(c);
    if (o.coalesce) {
        if (c->plain_len + n > c->plain_cap)
            c->plain = xrealloc(c->plain, c->plain_cap = (c->plain_len + n) * 2);
        memcpy(c->plain + c->plain_len, p, n);
        c->plain_len += n;
        return;
    }
    while (n) {
        int r = SSL_write(c->ssl, p, (int)n);
        if (r <= 0)
            return;
        p += r, n -= (size_t)r;
    }
}

/* -------------------------------------------------------- connections -- */

static void client_start(struct conn *c);
static void settled(struct conn *c);

/* forget the connection; a client keeps its struct, a server's is freed later */
static void conn_close(struct conn *c)
{
    if (c->st == DEAD)
        return;
    c->st = DEAD;
    close(c->fd);
    SSL_free(c->ssl);
    c->ssl = NULL;
    c->ev = 0;
    c->fin = false;
    c->in_len = c->need = c->out_off = c->out_len = c->plain_len = 0;
    c->w->rp = c->w->re;
    if (c->role == CLIENT) {
        for (uint32_t i = 0; i < c->nslots; i++)
            if (c->slots[i].busy) {
                c->w->s.lost++;
                c->slots[i].busy = false;
                c->freelist[c->nfree++] = i;
            }
        c->inflight = 0;
    } else {
        c->next_dead = c->w->dead;
        c->w->dead = c;
    }
}

static void conn_fail(struct conn *c, const char *what, const char *why)
{
    enum state was = c->st;
    if (was == DEAD)
        return;
    if (phase < STOP) {
        if (was == OPEN && c->role == CLIENT) {
            c->w->s.conn_lost++;
            note(c->w, what, why);
        } else if (was < OPEN && c->role == CLIENT) {
            c->w->s.conn_fail++;
            note(c->w, what, why);
        } else if (was < OPEN) { /* the proxy gave up its handshake with our listener */
            c->w->s.accept_fail++;
            if (o.mode != HANDSHAKE)
                note(c->w, what, why);
        }
    }
    ERR_clear_error();
    conn_close(c);
    if (c->role == CLIENT && was < OPEN)
        settled(c);
    if (c->role == CLIENT && o.mode == HANDSHAKE && phase < DRAIN && was > CONNECTING)
        client_start(c); /* refused connections wait for the next tick */
}

static void flush(struct conn *c)
{
    if (c->st < HANDSHAKING)
        return;
    for (size_t done = 0; done < c->plain_len;) {
        int r = SSL_write(c->ssl, c->plain + done, (int)(c->plain_len - done));
        if (r <= 0)
            break;
        done += (size_t)r;
    }
    c->plain_len = 0;
    while (c->out_off < c->out_len) {
        ssize_t n = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN)
                break;
            if (c->st == CLOSING)
                c->w->s.resets++;
            conn_fail(c, "send", strerror(errno));
            return;
        }
        c->out_off += (size_t)n;
    }
    if (c->out_off < c->out_len) {
        want(c, EPOLLIN | EPOLLOUT);
        return;
    }
    c->out_off = c->out_len = 0;
    if (o.mode == IDLE) {
        free(c->out);
        c->out = NULL;
        c->out_cap = 0;
    }
    want(c, EPOLLIN);
    if (c->st == CLOSING && !c->fin) {
        c->fin = true;
        shutdown(c->fd, SHUT_WR);
    }
}

static void client_start(struct conn *c)
{
    int one = 1;
    c->t_start = now_ns();
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("socket: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->st = CONNECTING;
    c->ev = 0;
    if (o.src_ips) {
        unsigned k = c->id % (unsigned)o.src_ips;
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000101u + k)};
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(c->fd, (struct sockaddr *)&a, sizeof a))
            die("bind: %s", strerror(errno));
    }
    if (connect(c->fd, (struct sockaddr *)&c->f->to, sizeof c->f->to) && errno != EINPROGRESS) {
        c->st = DEAD;
        close(c->fd);
        die("connect: %s", strerror(errno));
    }
    want(c, EPOLLOUT);
}

/* setup: a client connection has opened or failed; start the next one */
static void settled(struct conn *c)
{
    struct worker *w = c->w;
    if (w->seen >= WARM)
        return;
    w->setting_up--;
    w->ready++;
    while (w->setting_up < o.burst && w->next < w->n && phase == SETUP) {
        w->setting_up++;
        client_start(w->c[w->next++]);
    }
}

static void start_close(struct conn *c)
{
    c->st = CLOSING;
    SSL_shutdown(c->ssl);
    mark_dirty(c);
}

/* --------------------------------------------------------- SIP client -- */

static void put_hex(char *p, uint32_t v, int n)
{
    while (n--)
        p[n] = "0123456789abcdef"[v & 15], v >>= 4;
}

static void build_template(struct conn *c)
{
    struct sockaddr_in a;
    socklen_t l = sizeof a;
    char ip[INET_ADDRSTRLEN], *h;
    getsockname(c->fd, (struct sockaddr *)&a, &l);
    inet_ntop(AF_INET, &a.sin_addr, ip, sizeof ip);
    int n = asprintf(&h,
                     "%s sip:user0000@%s SIP/2.0\r\n"
                     "Via: SIP/2.0/TLS %s:%u;branch=z9hG4bK-%018d\r\n"
                     "Max-Forwards: 70\r\n"
                     "From: <sip:alice@%s>;tag=%018d\r\n"
                     "To: <sip:user0000@%s>\r\n"
                     "Call-ID: %018d%s\r\n"
                     "CSeq: 1 %s\r\n"
                     "User-Agent: sip-load\r\n"
                     "Content-Type: text/plain\r\n"
                     "Content-Length: %d\r\n\r\n",
                     o.method, c->f->ruri, ip, ntohs(a.sin_port), 0, c->f->from, 0, c->f->ruri, 0, run_tag, o.method, o.body);
    if (n < 0)
        die("out of memory");
    c->msg_len = (size_t)n + (size_t)o.body;
    c->msg = xrealloc(c->msg, c->msg_len);
    memcpy(c->msg, h, (size_t)n);
    memcpy(c->msg + n, body, (size_t)o.body);
    c->at_branch = (size_t)(strstr(h, "z9hG4bK-") + 8 - h);
    c->at_tag = (size_t)(strstr(h, ";tag=") + 5 - h);
    c->at_call = (size_t)(strstr(h, "Call-ID: ") + 9 - h);
    c->at_user[0] = (size_t)(strstr(h, "sip:user") + 8 - h);
    c->at_user[1] = (size_t)(strstr(h, "To: <sip:user") + 13 - h);
    free(h);
}

static void send_request(struct conn *c, uint64_t t0)
{
    if (!c->msg)
        build_template(c);
    if (!c->nfree) {
        uint32_t n = c->nslots ? c->nslots * 2 : 16;
        c->slots = xrealloc(c->slots, n * sizeof *c->slots);
        c->freelist = xrealloc(c->freelist, n * sizeof *c->freelist);
        for (uint32_t i = n; i-- > c->nslots;) {
            c->slots[i].busy = false;
            c->freelist[c->nfree++] = i;
        }
        c->nslots = n;
    }
    uint32_t k = c->freelist[--c->nfree], seq = c->seq++;
    c->slots[k] = (struct slot){t0, seq, true};
    c->inflight++;
    char *b = c->msg + c->at_branch;
    put_hex(b, c->id, 5);
    put_hex(b + 5, k, 5);
    put_hex(b + 10, seq, 8);
    memcpy(c->msg + c->at_tag, b, IDLEN);
    memcpy(c->msg + c->at_call, b, IDLEN);
    put_hex(c->msg + c->at_user[0], seq, 4);
    put_hex(c->msg + c->at_user[1], seq, 4);
    c->w->sent++;
    conn_write(c, c->msg, c->msg_len);
}

/* ------------------------------------------------------------ SIP text - */

enum hdr { OTHER, VIA, FROM, TO, CALLID, CSEQ, RROUTE, CLEN };

struct sip {
    const char *line;            /* start line */
    size_t hlen, clen;           /* header bytes with the empty line; body bytes */
    int n, vias, rrs;
    struct { enum hdr t; const char *p, *v; size_t len, vlen; } h[MAXHDR]; /* whole line(s); value */
};

static enum hdr header_type(const char *p, size_t n)
{
    static const struct { const char *name; size_t n; enum hdr t; } known[] = {
        {"via", 3, VIA}, {"v", 1, VIA}, {"from", 4, FROM}, {"f", 1, FROM}, {"to", 2, TO}, {"t", 1, TO},
        {"call-id", 7, CALLID}, {"i", 1, CALLID}, {"cseq", 4, CSEQ}, {"record-route", 12, RROUTE},
        {"content-length", 14, CLEN}, {"l", 1, CLEN}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].n == n && (p[0] | 32) == known[i].name[0] && !strncasecmp(p, known[i].name, n))
            return known[i].t;
    return OTHER;
}

/* 1 header complete, 0 more bytes needed, -1 not SIP */
static int sip_parse(const char *p, size_t n, struct sip *m)
{
    const char *q = p, *end = p + n, *nl;
    bool have_clen = false;
    m->n = m->vias = m->rrs = 0;
    m->clen = 0;
    m->line = p;
    for (int line = 0;; line++, q = nl + 1) {
        if (!(nl = memchr(q, '\n', (size_t)(end - q))))
            return n > 65536 ? -1 : 0;
        size_t len = (size_t)(nl - q), raw = len + 1;
        if (len && q[len - 1] == '\r')
            len--;
        if (!len)
            break;
        if (line == 0)
            continue;
        if (*q == ' ' || *q == '\t') { /* folded */
            if (!m->n)
                return -1;
            m->h[m->n - 1].len += raw;
            m->h[m->n - 1].vlen = (size_t)(q + len - m->h[m->n - 1].v);
            continue;
        }
        const char *colon = memchr(q, ':', len), *v;
        if (!colon || m->n == MAXHDR)
            return -1;
        size_t nlen = (size_t)(colon - q);
        while (nlen && (q[nlen - 1] == ' ' || q[nlen - 1] == '\t'))
            nlen--;
        for (v = colon + 1; v < q + len && (*v == ' ' || *v == '\t'); v++)
            ;
        enum hdr t = header_type(q, nlen);
        m->h[m->n].t = t;
        m->h[m->n].p = q;
        m->h[m->n].len = raw;
        m->h[m->n].v = v;
        m->h[m->n++].vlen = (size_t)(q + len - v);
        if (t == VIA || t == RROUTE) { /* comma-separated values count one by one */
            int *k = t == VIA ? &m->vias : &m->rrs;
            for ((*k)++; (v = memchr(v, ',', (size_t)(q + len - v))); v++)
                (*k)++;
        }
        if (t == CLEN) {
            m->clen = strtoul(v, NULL, 10);
            have_clen = true;
        }
    }
    m->hlen = (size_t)(nl + 1 - p);
    return have_clen && m->clen <= 16u << 20 ? 1 : -1; /* required on a stream */
}

static const char *find(const char *p, size_t n, const char *what)
{
    return memmem(p, n, what, strlen(what));
}

/* --------------------------------------------------------- SIP server -- */

static char *append(char *d, const char *p, size_t n)
{
    memcpy(d, p, n);
    return d + n;
}

/* 200 OK to a request (RFC 3261, 8.2.6): Via and Record-Route in order, From,
 * Call-ID and CSeq as they are, To with a tag; rport filled in (RFC 3581). */
static void answer(struct conn *c, const struct sip *m)
{
    struct worker *w = c->w;
    if (w->tx_cap < m->hlen + 512)
        w->tx = xrealloc(w->tx, w->tx_cap = (m->hlen + 512) * 2);
    char *d = append(w->tx, "SIP/2.0 200 OK\r\n", 16);
    bool top = true;
    for (int i = 0; i < m->n; i++) {
        const char *p = m->h[i].p, *v = m->h[i].v, *at;
        size_t len = m->h[i].len, vlen = m->h[i].vlen;
        switch (m->h[i].t) {
        case VIA:
            if (top && (at = find(v, vlen, ";rport")) && (at + 6 == v + vlen || at[6] == ';' || at[6] == ',')) {
                char ip[INET_ADDRSTRLEN];
                d = append(d, p, (size_t)(at + 6 - p));
                inet_ntop(AF_INET, &c->peer.sin_addr, ip, sizeof ip);
                d += sprintf(d, "=%u;received=%s", ntohs(c->peer.sin_port), ip);
                d = append(d, at + 6, (size_t)(p + len - (at + 6)));
            } else
                d = append(d, p, len);
            top = false;
            break;
        case TO:
            at = memchr(v, '>', vlen);
            at = at ? at : v;
            if (find(at, (size_t)(v + vlen - at), ";tag="))
                d = append(d, p, len);
            else {
                d = append(d, p, (size_t)(v + vlen - p));
                d += sprintf(d, ";tag=s%d-%08llx\r\n", w->id, (unsigned long long)w->s.served);
            }
            break;
        case FROM:
        case CALLID:
        case CSEQ:
        case RROUTE:
            d = append(d, p, len);
            break;
        default:
            break;
        }
    }
    d = append(d, "Content-Length: 0\r\n\r\n", 21);
    conn_write(c, w->tx, (size_t)(d - w->tx));
}

static void on_request(struct conn *c, const struct sip *m)
{
    if (!strncmp(m->line, "ACK ", 4))
        return;
    const char *call = "";
    size_t n = 0, tag = strlen(run_tag);
    for (int i = 0; i < m->n; i++)
        if (m->h[i].t == CALLID)
            call = m->h[i].v, n = m->h[i].vlen;
    if (n == IDLEN + tag && !memcmp(call + IDLEN, run_tag, tag)) {
        c->w->s.served++;
        c->w->s.vias = m->vias;
        c->w->s.rrs = m->rrs;
        if (m->clen != (size_t)o.body || memcmp(m->line + m->hlen, body, m->clen))
            c->w->s.bad_body++;
    } else /* the proxy's own, another loader's or left over from an earlier run */
        c->w->s.foreign++;
    answer(c, m);
}

/* true if the response is the answer to a request still outstanding here */
static bool match(struct conn *c, const struct sip *m, uint32_t *k)
{
    struct stats *s = &c->w->s;
    const char *via = NULL, *call = NULL, *cseq = NULL, *b = NULL;
    size_t nvia = 0, ncall = 0, ncseq = 0;
    for (int i = 0; i < m->n; i++) {
        if (m->h[i].t == VIA && !via)
            via = m->h[i].v, nvia = m->h[i].vlen;
        else if (m->h[i].t == CALLID)
            call = m->h[i].v, ncall = m->h[i].vlen;
        else if (m->h[i].t == CSEQ)
            cseq = m->h[i].v, ncseq = m->h[i].vlen;
    }
    if (via && (b = find(via, nvia, ";branch=z9hG4bK-")))
        b += 16;
    if (m->vias != 1 || !b || via + nvia - b < IDLEN || !call || ncall != IDLEN + strlen(run_tag) ||
        memcmp(call, b, IDLEN) || memcmp(call + IDLEN, run_tag, strlen(run_tag)) || ncseq != 2 + method_len ||
        memcmp(cseq, "1 ", 2) || memcmp(cseq + 2, o.method, method_len)) {
        s->mismatch++;
        return false;
    }
    char hex[IDLEN + 1] = {0};
    memcpy(hex, b, IDLEN);
    uint32_t seq = (uint32_t)strtoul(hex + 10, NULL, 16);
    hex[10] = 0;
    *k = (uint32_t)strtoul(hex + 5, NULL, 16);
    hex[5] = 0;
    if (strtoul(hex, NULL, 16) != c->id) {
        s->mismatch++; /* somebody else's answer */
        return false;
    }
    if (*k >= c->nslots || !c->slots[*k].busy || c->slots[*k].seq != seq) {
        s->unexpected++; /* late or twice */
        return false;
    }
    return true;
}

static void on_response(struct conn *c, const struct sip *m)
{
    struct worker *w = c->w;
    uint32_t k;
    int code = atoi(m->line + 8);
    if (!match(c, m, &k))
        return;
    if (code < 200) {
        w->s.provisional++;
        return;
    }
    uint64_t now = now_ns(), t0 = c->slots[k].t0;
    c->slots[k].busy = false;
    c->freelist[c->nfree++] = k;
    c->inflight--;
    if (code > 299) {
        w->s.bad_status++;
        w->s.last_status = code;
    }
    int ph = phase;
    if (o.mode == RATE ? ph >= RUN && t0 >= run_from && t0 < run_to : ph == RUN) {
        hist_add(&w->h, now > t0 ? now - t0 : 0);
        w->s.ok += code < 300;
        w->s.bytes += (uint64_t)o.body;
    }
    switch (o.mode) {
    case HANDSHAKE:
        start_close(c);
        break;
    case IDLE:
        w->pinged++;
        settled(c);
        break;
    case RATE:
        break;
    default:
        if (ph == WARM || ph == RUN)
            send_request(c, now);
    }
}

/* ------------------------------------------------------------- events -- */

static void on_open(struct conn *c)
{
    struct worker *w = c->w;
    uint64_t now = now_ns();
    c->st = OPEN;
    if (c->role == SERVER)
        return;
    if (!*w->tls)
        snprintf(w->tls, sizeof w->tls, "%s %s", SSL_get_version(c->ssl), SSL_get_cipher_name(c->ssl));
    if (o.mode == HANDSHAKE) {
        if (phase == RUN) {
            if (!o.ping)
                hist_add(&w->h, now - c->t_start);
            w->s.resumed += (uint64_t)SSL_session_reused(c->ssl);
        }
        if (o.ping)
            send_request(c, c->t_start); /* latency: from connect() to the 200 OK */
        else
            start_close(c);
        return;
    }
    w->opened++;
    if (o.mode == IDLE && o.ping)
        send_request(c, now);
    else
        settled(c);
}

/* peer closed or TLS ended */
static void on_end(struct conn *c, bool clean, const char *why)
{
    if (c->role == CLIENT && c->st == CLOSING) { /* handshake mode: the server has seen all of it */
        struct worker *w = c->w;
        ERR_clear_error();
        if (phase == RUN && clean)
            w->s.hs++;
        if (!clean && phase < DRAIN) {
            w->s.conn_fail++;
            note(w, "handshake", why);
        }
        conn_close(c);
        if (phase < DRAIN)
            client_start(c);
        return;
    }
    if (c->role == SERVER && c->st >= OPEN) {
        SSL_shutdown(c->ssl);
        flush(c);
        ERR_clear_error();
        conn_close(c);
        return;
    }
    conn_fail(c, c->role == SERVER ? "accepted connection" : "client connection", why);
}

static void messages(struct conn *c)
{
    char *p = c->in, *end = c->in + c->in_len;
    struct sip m;
    while (p < end && c->st == OPEN) {
        if (*p == '\r' || *p == '\n') { /* keep-alive */
            p++;
            continue;
        }
        if ((size_t)(end - p) < c->need)
            break;
        int r = sip_parse(p, (size_t)(end - p), &m);
        if (r < 0) {
            c->w->s.parse++;
            conn_fail(c, "message", "not SIP");
            return;
        }
        if (!r)
            break;
        if ((size_t)(end - p) < (c->need = m.hlen + m.clen))
            break;
        c->need = 0;
        if (!strncmp(p, "SIP/2.0 ", 8))
            on_response(c, &m);
        else
            on_request(c, &m);
        p += m.hlen + m.clen;
    }
    if (c->st == DEAD)
        return;
    c->in_len = (size_t)(end - p);
    memmove(c->in, p, c->in_len);
}

/* run TLS over the bytes just received */
static void drive(struct conn *c)
{
    if (c->st == HANDSHAKING) {
        int r = SSL_do_handshake(c->ssl);
        mark_dirty(c);
        if (r != 1) {
            int e = SSL_get_error(c->ssl, r);
            if (e != SSL_ERROR_WANT_READ) {
                long v = SSL_get_verify_result(c->ssl);
                flush(c); /* our alert */
                conn_fail(c, "handshake", v != X509_V_OK ? X509_verify_cert_error_string(v) : tls_reason());
            }
            return;
        }
        on_open(c);
    }
    while (c->st >= OPEN) {
        if (c->in_cap - c->in_len < 16384)
            c->in = xrealloc(c->in, c->in_cap = c->in_cap ? c->in_cap * 2 : 32768);
        int r = SSL_read(c->ssl, c->in + c->in_len, (int)(c->in_cap - c->in_len));
        if (r <= 0) {
            int e = SSL_get_error(c->ssl, r);
            if (e == SSL_ERROR_ZERO_RETURN)
                on_end(c, true, "closed by peer");
            else if (e != SSL_ERROR_WANT_READ)
                on_end(c, false, tls_reason());
            break;
        }
        c->in_len += (size_t)r;
        messages(c);
    }
    if (o.mode == IDLE && c->st == OPEN && !c->in_len) {
        free(c->in);
        c->in = NULL;
        c->in_cap = 0;
    }
}

static void on_readable(struct conn *c)
{
    struct worker *w = c->w;
    ssize_t n = recv(c->fd, w->rx, RXBUF, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n < 0) {
        if (c->st == CLOSING && c->role == CLIENT)
            w->s.resets++;
        on_end(c, false, strerror(errno));
        return;
    }
    if (n == 0) {
        on_end(c, c->st == CLOSING, "connection closed");
        return;
    }
    w->rp = w->rx;
    w->re = w->rx + n;
    drive(c);
    w->rp = w->re;
}

static void on_accept(struct conn *l)
{
    for (;;) {
        struct sockaddr_in a;
        socklen_t n = sizeof a;
        int one = 1, fd = accept4(l->fd, (struct sockaddr *)&a, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct conn *c = calloc(1, sizeof *c);
        if (!c)
            die("out of memory");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c->role = SERVER;
        c->st = HANDSHAKING;
        c->w = l->w;
        c->f = l->f;
        c->fd = fd;
        c->peer = a;
        l->w->s.accepted++;
        conn_tls(c, c->f->sctx);
        want(c, EPOLLIN);
    }
}

static void on_event(struct conn *c, uint32_t ev)
{
    if (c->role == LISTENER) {
        on_accept(c);
        return;
    }
    if (c->st == CONNECTING) {
        int e = 0;
        socklen_t l = sizeof e;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
        if (e) {
            conn_fail(c, "connect", strerror(e));
            return;
        }
        c->st = HANDSHAKING;
        free(c->msg); /* it names the local port */
        c->msg = NULL;
        conn_tls(c, c->f->cctx);
        want(c, EPOLLIN);
        drive(c);
        return;
    }
    if (ev & EPOLLOUT)
        mark_dirty(c);
    if (ev & (EPOLLIN | EPOLLERR | EPOLLHUP) && c->st != DEAD)
        on_readable(c);
}

/* ------------------------------------------------------------- worker -- */

static void enter(struct worker *w, int ph)
{
    w->seen = ph;
    if (ph == WARM) {
        w->next_send = now_ns();
        for (int i = 0; i < w->n; i++) {
            struct conn *c = w->c[i];
            if (o.mode == HANDSHAKE)
                client_start(c);
            else if ((o.mode == THROUGHPUT || o.mode == LARGE) && c->st == OPEN)
                for (int k = 0; k < o.window; k++)
                    send_request(c, now_ns());
        }
    }
}

/* open loop: everything due by now, stamped with the time it was due */
static void send_due(struct worker *w, uint64_t now)
{
    static _Thread_local double frac;
    while (w->next_send <= now) {
        int tries = 0;
        do
            w->rr = (w->rr + 1) % w->n;
        while (w->c[w->rr]->st != OPEN && ++tries < w->n);
        if (w->c[w->rr]->st != OPEN)
            return;
        if (phase == RUN && now - w->next_send > w->s.lag_ns)
            w->s.lag_ns = now - w->next_send;
        send_request(w->c[w->rr], w->next_send);
        frac += w->every;
        w->next_send += (uint64_t)frac;
        frac -= (double)(uint64_t)frac;
    }
}

static void check_timeouts(struct worker *w, uint64_t now)
{
    uint64_t limit = (uint64_t)(o.timeout * 1e9);
    int inflight = 0;
    for (int i = 0; i < w->n; i++) {
        struct conn *c = w->c[i];
        if (c->st == DEAD && o.mode == HANDSHAKE && (phase == WARM || phase == RUN))
            client_start(c);
        if (c->st != DEAD && c->st != OPEN && now > c->t_start + limit) {
            if (c->st == CLOSING) {
                w->s.conn_fail++;
                note(w, "close", "timed out");
            }
            conn_fail(c, "handshake", "timed out");
            continue;
        }
        for (uint32_t k = 0; k < c->nslots && c->inflight; k++)
            if (c->slots[k].busy && now > c->slots[k].t0 + limit) {
                w->s.timeouts++;
                if (o.mode == RATE && c->slots[k].t0 >= run_from && c->slots[k].t0 < run_to)
                    hist_add(&w->h, now - c->slots[k].t0);
                c->slots[k].busy = false;
                c->freelist[c->nfree++] = k;
                c->inflight--;
                if (o.mode == HANDSHAKE)
                    conn_fail(c, "request", "timed out");
                else if ((o.mode == THROUGHPUT || o.mode == LARGE) && phase <= RUN)
                    send_request(c, now);
            }
        inflight += (int)c->inflight;
    }
    w->inflight = inflight;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct epoll_event ev[256];
    while (w->setting_up < o.burst && w->next < w->n && o.mode != HANDSHAKE) {
        w->setting_up++;
        client_start(w->c[w->next++]);
    }
    for (;;) {
        int ph = phase;
        if (ph == STOP)
            break;
        while (w->seen < ph)
            enter(w, w->seen + 1);
        uint64_t now = now_ns(), wait = 10000000;
        if (now > w->tick + 100000000 || ph == DRAIN) {
            w->tick = now;
            check_timeouts(w, now);
        }
        if (o.mode == RATE && (ph == WARM || ph == RUN) && w->n) {
            send_due(w, now);
            wait = w->next_send > now && w->next_send - now < wait ? w->next_send - now : wait;
        }
        while (w->dirty) {
            struct conn *c = w->dirty;
            w->dirty = c->next_dirty;
            c->dirty = false;
            flush(c);
        }
        while (w->dead) {
            struct conn *c = w->dead;
            w->dead = c->next_dead;
            free(c->in);
            free(c->out);
            free(c->plain);
            free(c);
        }
        struct timespec ts = {0, (long)wait};
        int n = epoll_pwait2(w->ep, ev, 256, &ts, NULL);
        if (n < 0 && errno == ENOSYS) /* valgrind, old kernels */
            n = epoll_wait(w->ep, ev, 256, (int)(wait / 1000000 + 1));
        for (int i = 0; i < n; i++)
            on_event(ev[i].data.ptr, ev[i].events);
    }
    return NULL;
}

static void listener(struct worker *w, struct flow *f)
{
    struct conn *l = calloc(1, sizeof *l);
    int one = 1;
    l->role = LISTENER;
    l->w = w;
    l->f = f;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (bind(l->fd, (struct sockaddr *)&f->at, sizeof f->at) || listen(l->fd, 4096))
        die("listen on %s: %s", f->listen, strerror(errno));
    want(l, EPOLLIN);
}

static void setup_flow(struct flow *f)
{
    bool in = f == &flows[0];
    const char *me = in ? "partner" : "internal-server", *other = in ? "internal-server" : "partner";
    const char *my_ca = in ? "partner-ca" : "internal-ca", *other_ca = in ? "internal-ca" : "partner-ca";
    f->cert = f->cert ? f->cert : path2(me, ".crt");
    f->key = f->key ? f->key : path2(me, ".key");
    f->lcert = f->lcert ? f->lcert : path2(other, ".crt");
    f->lkey = f->lkey ? f->lkey : path2(other, ".key");
    f->ca = f->ca ? f->ca : path2(o.direct ? other_ca : my_ca, ".crt");
    f->lca = f->lca ? f->lca : path2(o.direct ? my_ca : other_ca, ".crt");
    if (strcmp(f->listen, "0")) {
        char host[64] = "127.0.0.1";
        const char *p = strrchr(f->listen, ':');
        if (p)
            snprintf(host, sizeof host, "%.*s", (int)(p - f->listen), f->listen);
        f->at = address(host, p ? p + 1 : f->listen);
        f->sctx = context(true, f->lcert, f->lkey, f->lca);
    }
    if (o.direct) {
        f->to = f->at;
        f->sni = in ? "server.internal.test" : "sip.partner.test";
    } else
        f->to = address(f->host, f->port);
    f->cctx = context(false, f->cert, f->key, f->ca);
}

static int total(size_t off)
{
    int n = 0;
    for (int i = 0; i < o.threads; i++)
        n += *(_Atomic int *)((char *)&workers[i] + off);
    return n;
}

static void pause_s(double s)
{
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
    parse_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit rl;
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = rl.rlim_max;
    setrlimit(RLIMIT_NOFILE, &rl);

    method_len = strlen(o.method);
    snprintf(run_tag, sizeof run_tag, "-%08x", (unsigned)(now_ns() / 1000) ^ (unsigned)getpid() << 20);
    body = xrealloc(NULL, (size_t)o.body + 1);
    for (int i = 0; i < o.body; i++)
        body[i] = (char)(i % 64 == 63 ? '\n' : 'a' + i * 7 % 26);
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "worker buffer");
    BIO_meth_set_write(bio_method, bio_write);
    BIO_meth_set_read(bio_method, bio_read);
    BIO_meth_set_ctrl(bio_method, bio_ctrl);

    workers = calloc((size_t)o.threads, sizeof *workers);
    int nflows = o.use[0] + o.use[1], id = 0;
    for (int i = 0; i < o.threads; i++) {
        struct worker *w = &workers[i];
        w->id = i;
        w->ep = epoll_create1(EPOLL_CLOEXEC);
        w->rx = xrealloc(NULL, RXBUF);
        w->c = calloc((size_t)(nflows * o.conns + 1), sizeof *w->c);
        w->every = 1e9 / o.rate * o.threads;
    }
    for (int k = 0; k < 2; k++) {
        if (!o.use[k])
            continue;
        setup_flow(&flows[k]);
        for (int i = 0; i < o.threads && flows[k].sctx; i++)
            listener(&workers[i], &flows[k]);
        for (int i = 0; i < o.conns; i++, id++) {
            struct worker *w = &workers[id % o.threads];
            struct conn *c = calloc(1, sizeof *c);
            c->role = CLIENT;
            c->w = w;
            c->f = &flows[k];
            c->id = (uint32_t)id;
            w->c[w->n++] = c;
        }
    }

    struct usage u0 = measure(o.pid, true), u1, r0, r1;
    uint64_t t0 = now_ns(), limit = (uint64_t)(30e9 + 2e7 * id);
    for (int i = 0; i < o.threads; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            die("pthread_create");
    while (o.mode != HANDSHAKE && total(offsetof(struct worker, ready)) < id && now_ns() - t0 < limit)
        pause_s(0.001);
    double setup_s = (double)(now_ns() - t0) / 1e9;

    phase = WARM;
    pause_s(o.mode == IDLE ? 0.5 : o.warmup);
    r0 = measure(o.pid, false);
    double own = own_cpu();
    run_from = now_ns();
    run_to = run_from + (uint64_t)(o.secs * 1e9);
    phase = RUN;
    pause_s(o.secs);
    phase = DRAIN;
    run_to = o.mode == RATE ? run_to : now_ns();
    double wall = (double)(now_ns() - run_from) / 1e9;
    own = own_cpu() - own;
    r1 = measure(o.pid, false);
    u1 = measure(o.pid, true);
    for (t0 = now_ns(); o.mode != HANDSHAKE && now_ns() - t0 < (uint64_t)((o.timeout + 0.5) * 1e9);) {
        pause_s(0.05); /* DRAIN: workers recount what is outstanding on every turn */
        if (!total(offsetof(struct worker, inflight)))
            break;
    }
    phase = STOP;

    struct stats s = {0};
    static struct hist h;
    int open = 0, alive = 0;
    char err[256] = "", tls[96] = "";
    for (int i = 0; i < o.threads; i++) {
        struct worker *w = &workers[i];
        pthread_join(w->thread, NULL);
        for (int k = 0; k < w->n; k++) {
            alive += w->c[k]->st == OPEN;
            if (o.mode != HANDSHAKE)
                w->s.lost += w->c[k]->inflight;
        }
        open += w->opened;
#define ADD(f) s.f += w->s.f
        ADD(ok); ADD(bytes); ADD(hs); ADD(resumed); ADD(mismatch); ADD(unexpected); ADD(bad_status);
        ADD(timeouts); ADD(lost); ADD(provisional); ADD(conn_fail); ADD(conn_lost); ADD(resets);
        ADD(parse); ADD(served); ADD(bad_body); ADD(accepted); ADD(accept_fail);
        ADD(foreign);
        s.vias = w->s.vias > s.vias ? w->s.vias : s.vias;
        s.rrs = w->s.rrs > s.rrs ? w->s.rrs : s.rrs;
        s.last_status = w->s.last_status ? w->s.last_status : s.last_status;
        s.lag_ns = w->s.lag_ns > s.lag_ns ? w->s.lag_ns : s.lag_ns;
        h.n += w->h.n;
        h.max = w->h.max > h.max ? w->h.max : h.max;
        for (size_t b = 0; b < 58 * 128; b++)
            h.b[b] += w->h.b[b];
        if (!*err)
            snprintf(err, sizeof err, "%s", w->err);
        if (!*tls)
            snprintf(tls, sizeof tls, "%s", w->tls);
    }
    for (char *p = err; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < 32)
            *p = '\'';

    double cpu = r1.cpu - r0.cpu;
    uint64_t units = o.mode == HANDSHAKE ? s.hs : s.ok;
    uint64_t errors = s.mismatch + s.unexpected + s.bad_status + s.timeouts + s.lost + s.conn_fail + s.conn_lost +
                      s.parse + s.bad_body + (o.mode == HANDSHAKE ? 0 : s.accept_fail);
    const char *unit = o.mode == HANDSHAKE ? "handshakes" : "msgs";
    printf("%s %s%s%s: %llu %s in %.2f s, %.0f/s, p50 %.0f us, p99 %.0f us, errors %llu%s%s\n", mode_name[o.mode], o.dir,
           *o.label ? " " : "", o.label, (unsigned long long)units, unit, wall, (double)units / wall, hist_us(&h, .5),
           hist_us(&h, .99), (unsigned long long)errors, *err ? ", first: " : "", err);
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"dir\":\"%s\",\"direct\":%d,\"tls\":\"%s\",\"conns\":%d,\"window\":%d,"
           "\"body\":%d,\"method\":\"%s\",\"wall_s\":%.3f,\"setup_s\":%.3f,",
           o.label, mode_name[o.mode], o.dir, o.direct, tls, id, o.window, o.body, o.method, wall, setup_s);
    printf("\"%s\":%llu,\"per_s\":%.1f,", unit, (unsigned long long)units, (double)units / wall);
    if (o.mode == RATE)
        printf("\"rate\":%.0f,\"max_send_lag_us\":%.0f,", o.rate, (double)s.lag_ns / 1e3);
    if (o.mode == HANDSHAKE)
        printf("\"ping\":%d,\"resumed\":%llu,\"resets\":%llu,", o.ping, (unsigned long long)s.resumed,
               (unsigned long long)s.resets);
    if (o.mode == LARGE)
        printf("\"mb_per_s\":%.2f,", (double)s.bytes / 1e6 / wall);
    if (o.mode == IDLE)
        printf("\"ping\":%d,\"opened\":%d,\"alive\":%d,\"rss_before_kb\":%ld,\"rss_after_kb\":%ld,\"pss_before_kb\":%ld,"
               "\"pss_after_kb\":%ld,\"rss_bytes_per_conn\":%.0f,\"pss_bytes_per_conn\":%.0f,",
               o.ping, open, alive, u0.rss_kb, u1.rss_kb, u0.pss_kb, u1.pss_kb,
               alive ? (double)(u1.rss_kb - u0.rss_kb) * 1024 / alive : 0,
               alive ? (double)(u1.pss_kb - u0.pss_kb) * 1024 / alive : 0);
    printf("\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,", hist_us(&h, .5),
           hist_us(&h, .9), hist_us(&h, .99), hist_us(&h, .999), (double)h.max / 1e3);
    printf("\"errors\":%llu,\"mismatch\":%llu,\"unexpected\":%llu,\"bad_status\":%llu,\"last_bad_status\":%d,"
           "\"timeouts\":%llu,\"lost\":%llu,\"conn_fail\":%llu,\"conn_lost\":%llu,\"parse\":%llu,\"bad_body\":%llu,"
           "\"first_error\":\"%s\",",
           (unsigned long long)errors, (unsigned long long)s.mismatch, (unsigned long long)s.unexpected,
           (unsigned long long)s.bad_status, s.last_status, (unsigned long long)s.timeouts, (unsigned long long)s.lost,
           (unsigned long long)s.conn_fail, (unsigned long long)s.conn_lost, (unsigned long long)s.parse,
           (unsigned long long)s.bad_body, err);
    printf("\"provisional\":%llu,\"served\":%llu,\"accepted\":%llu,\"foreign\":%llu,\"accept_fail\":%llu,\"via_at_server\":%d,\"rr_at_server\":%d,",
           (unsigned long long)s.provisional, (unsigned long long)s.served, (unsigned long long)s.accepted,
           (unsigned long long)s.foreign, (unsigned long long)s.accept_fail, s.vias, s.rrs);
    double other = r1.busy - r0.busy - own - cpu; /* neighbours on this machine; with --pid only */
    printf("\"loader_cpu_s\":%.3f,\"loader_util\":%.3f,\"steal_s\":%.2f,\"other_cpu_s\":%.2f", own, own / wall,
           r1.steal - r0.steal, other > 0 ? other : 0);
    if (o.pid)
        printf(",\"proxy_procs\":%d,\"proxy_cpu_s\":%.2f,\"proxy_util\":%.3f,\"per_proxy_cpu_s\":%.1f%s", r1.procs, cpu,
               cpu / wall, cpu > 0 ? (double)units / cpu : 0, "");
    if (o.pid && o.mode == LARGE)
        printf(",\"mb_per_proxy_cpu_s\":%.2f", cpu > 0 ? (double)s.bytes / 1e6 / cpu : 0);
    printf("}\n");
    return errors ? 1 : 0;
}
