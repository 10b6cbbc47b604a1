// SPDX-License-Identifier: Apache-2.0
//
// Reads a stream with hiredis, a page of a thousand entries at a time, and throws it away: redis_reader PORT KEY.
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned long long weigh(const redisReply *reply) {
    unsigned long long bytes = reply->type == REDIS_REPLY_STRING ? reply->len : 0;
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++) bytes += weigh(reply->element[i]);
    return bytes;
}

int main(int count, char **words) {
    if (count != 3) return 2;
    redisContext *server = redisConnect("127.0.0.1", atoi(words[1]));
    if (!server || server->err) return 1;
    unsigned long long entries = 0, bytes = 0;
    char from[64] = "-";
    for (;;) {
        redisReply *reply = redisCommand(server, "XRANGE %s %s + COUNT 1000", words[2], from);
        if (!reply || reply->type != REDIS_REPLY_ARRAY) return 1;
        if (reply->elements == 0) break;
        bytes += weigh(reply);
        entries += reply->elements;
        snprintf(from, sizeof from, "(%s", reply->element[reply->elements - 1]->element[0]->str);
        freeReplyObject(reply);
    }
    printf("%llu entries, %llu bytes\n", entries, bytes);
    return 0;
}
