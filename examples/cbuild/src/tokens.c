#include "tokens.h"

#include <string.h>

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where a number that starts at `at` ends, or NULL. */
static const char *number_end(const char *at)
{
    if (*at == '-')
        at++;
    if (!is_digit(*at))
        return NULL;
    if (*at == '0')
        at++;
    else
        while (is_digit(*at))
            at++;
    if (*at == '.') {
        if (!is_digit(*++at))
            return NULL;
        while (is_digit(*at))
            at++;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-')
            at++;
        if (!is_digit(*at))
            return NULL;
        while (is_digit(*at))
            at++;
    }
    return is_digit(*at) ? NULL : at;
}

/* Where a string whose quote is at `at` ends, behind the closing quote, or NULL. */
static const char *string_end(const char *at)
{
    for (at++; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at != '\\')
            continue;
        at++;
        if (*at == 'u') {
            for (int i = 1; i <= 4; i++)
                if (hex_value(at[i]) < 0)
                    return NULL;
            at += 4;
        } else if (!*at || !strchr("\"\\/bfnrt", *at)) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *word_end(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    return NULL;
}

struct token next_token(const char **text)
{
    const char *start = *text + strspn(*text, " \t\r\n");
    const char *end = start;
    enum token_kind kind = TOKEN_END;
    if (*start && strchr("{}[],:", *start)) {
        kind = TOKEN_MARK;
        end = start + 1;
    } else if (*start == '"') {
        kind = TOKEN_STRING;
        end = string_end(start);
    } else if (*start == '-' || is_digit(*start)) {
        kind = TOKEN_NUMBER;
        end = number_end(start);
    } else if (*start) {
        kind = TOKEN_WORD;
        end = word_end(start);
    }
    if (!end) {
        kind = TOKEN_WRONG;
        end = start + 1;
    }
    *text = end;
    return (struct token){kind, start, (size_t)(end - start)};
}

static long four_hex(const char *at)
{
    long code = 0;
    for (int i = 0; i < 4; i++)
        code = code * 16 + hex_value(at[i]);
    return code;
}

static bool add_code_point(struct buffer *into, long code)
{
    char bytes[4];
    size_t length;
    if (code < 0x80) {
        bytes[0] = (char)code;
        length = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        length = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        length = 3;
    } else {
        bytes[0] = (char)(0xF0 | code >> 18);
        length = 4;
    }
    for (size_t i = 1; i < length; i++)
        bytes[i] = (char)(0x80 | (code >> (6 * (length - 1 - i)) & 0x3F));
    return buffer_add(into, bytes, length);
}

/* Decodes the \u escape whose first digit is at `at`, and returns where it ends (a pair is one), or NULL. */
static const char *add_unicode(struct buffer *into, const char *at)
{
    long code = four_hex(at);
    at += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        long low = at[0] == '\\' && at[1] == 'u' ? four_hex(at + 2) : 0;
        if (low < 0xDC00 || low > 0xDFFF)
            return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at += 6;
    } else if (code >= 0xDC00 && code < 0xE000) {
        return NULL;
    }
    return add_code_point(into, code) ? at : NULL;
}

bool token_text(struct token token, struct buffer *into)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at = token.start + 1, *end = token.start + token.length - 1;
    while (at < end) {
        const char *plain = at;
        while (at < end && *at != '\\')
            at++;
        if (!buffer_add(into, plain, (size_t)(at - plain)))
            return false;
        if (at == end)
            break;
        if (at[1] == 'u') {
            at = add_unicode(into, at + 2);
            if (!at)
                return false;
            continue;
        }
        const char *known = strchr(from, at[1]);
        if (!buffer_add(into, known ? &to[known - from] : &at[1], 1))
            return false;
        at += 2;
    }
    return true;
}
