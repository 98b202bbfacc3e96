#include "../src/tokens.h"

#include <string.h>

#include "check.h"

/* One letter for each token of a text. */
static const char *kinds(const char *text)
{
    static char letters[64];
    size_t count = 0;
    enum token_kind kind;
    do {
        kind = next_token(&text).kind;
        letters[count++] = "emsnwX"[kind];
    } while (kind != TOKEN_END && kind != TOKEN_WRONG && count + 1 < sizeof letters);
    letters[count] = '\0';
    return letters;
}

static int decodes_to(const char *text, const char *expected)
{
    struct buffer buffer = {0};
    struct token token = next_token(&text);
    int same = token.kind == TOKEN_STRING && token_text(token, &buffer) && buffer_add_text(&buffer, "") &&
               strcmp(buffer.text, expected) == 0;
    buffer_free(&buffer);
    return same;
}

int main(void)
{
    CHECK(strcmp(kinds(""), "e") == 0);
    CHECK(strcmp(kinds("{\"a\": [1, -2.5e+3, true, null]}"), "msmmnmnmwmwmme") == 0);
    CHECK(strcmp(kinds("\"open"), "X") == 0);
    CHECK(strcmp(kinds("\"bad \\x escape\""), "X") == 0);
    CHECK(strcmp(kinds("\"tab\tinside\""), "X") == 0);
    CHECK(strcmp(kinds("01"), "X") == 0);
    CHECK(strcmp(kinds("-"), "X") == 0);
    CHECK(strcmp(kinds("1."), "X") == 0);
    CHECK(strcmp(kinds("1e"), "X") == 0);
    CHECK(strcmp(kinds("nul"), "X") == 0);
    CHECK(decodes_to("\"\"", ""));
    CHECK(decodes_to("\"a\\n\\\"b\\\\\\/\"", "a\n\"b\\/"));
    CHECK(decodes_to("\"\\u00e9\\u20ac\"", "\xc3\xa9\xe2\x82\xac"));
    CHECK(decodes_to("\"\\ud83d\\udc27\"", "\xf0\x9f\x90\xa7"));
    CHECK(!decodes_to("\"\\ud83d\"", ""));
    CHECK(!decodes_to("\"\\udc27\"", ""));
    return finish("tokens");
}
