/* A string that grows. All functions that allocate return false when there is no memory, and leave the buffer as it was. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *text; /* always ends with NUL once anything was added; NULL before */
    size_t length;
    size_t room;
};

bool buffer_add(struct buffer *buffer, const char *text, size_t length);
bool buffer_add_text(struct buffer *buffer, const char *text);
void buffer_free(struct buffer *buffer);

#endif
