// SPDX-License-Identifier: Apache-2.0
//
// Reads a stream with hiredis, four pages of a thousand entries on their way at a time, and throws it away:
// reader PORT KEY. The range of identifiers is cut into four by time.
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { lanes = 4, page = 1000 };

static unsigned long long bytes;

static void weigh(const redisReply *reply) {
    if (reply->type == REDIS_REPLY_STRING) bytes += reply->len;
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++) weigh(reply->element[i]);
}

static unsigned long long edge(redisContext *server, const char *command, const char *key, const char *from, const char *to) {
    redisReply *reply = redisCommand(server, "%s %s %s %s COUNT 1", command, key, from, to);
    unsigned long long time = reply && reply->elements ? strtoull(reply->element[0]->element[0]->str, 0, 10) : 0;
    freeReplyObject(reply);
    return time;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    redisContext *server = redisConnect("127.0.0.1", atoi(words[1]));
    if (!server || server->err) return 1;
    const char *key = words[2];
    unsigned long long first = edge(server, "XRANGE", key, "-", "+"), last = edge(server, "XREVRANGE", key, "+", "-");
    unsigned long long width = (last - first) / lanes + 1, entries = 0;
    char from[lanes][64], to[lanes][64];
    int open[lanes], left = lanes;
    for (int lane = 0; lane < lanes; lane++) {
        open[lane] = 1;
        snprintf(from[lane], sizeof from[lane], "%llu", first + lane * width);
        snprintf(to[lane], sizeof to[lane], "%llu", first + (lane + 1) * width - 1);
        redisAppendCommand(server, "XRANGE %s %s %s COUNT %d", key, from[lane], to[lane], page);
    }
    while (left > 0)
        for (int lane = 0; lane < lanes; lane++) {
            redisReply *reply;
            if (!open[lane]) continue;
            if (redisGetReply(server, (void **)&reply) != REDIS_OK || reply->type != REDIS_REPLY_ARRAY) return 1;
            weigh(reply);
            entries += reply->elements;
            if (reply->elements < page) {
                open[lane] = 0;
                left--;
            } else {
                snprintf(from[lane], sizeof from[lane], "(%s", reply->element[page - 1]->element[0]->str);
                redisAppendCommand(server, "XRANGE %s %s %s COUNT %d", key, from[lane], to[lane], page);
            }
            freeReplyObject(reply);
        }
    printf("%llu entries, %llu bytes\n", entries, bytes);
    return 0;
}
