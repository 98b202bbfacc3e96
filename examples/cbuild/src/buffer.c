#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct buffer *buffer, size_t needed)
{
    size_t room = buffer->room ? buffer->room : 16;
    if (needed <= buffer->room)
        return true;
    while (room < needed) {
        if (room > SIZE_MAX / 2)
            return false;
        room *= 2;
    }
    char *text = realloc(buffer->text, room);
    if (!text)
        return false;
    buffer->text = text;
    buffer->room = room;
    return true;
}

bool buffer_add(struct buffer *buffer, const char *text, size_t length)
{
    if (length >= SIZE_MAX - buffer->length || !make_room(buffer, buffer->length + length + 1))
        return false;
    if (length)
        memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
    return true;
}

bool buffer_add_text(struct buffer *buffer, const char *text)
{
    return buffer_add(buffer, text, strlen(text));
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct buffer){0};
}
