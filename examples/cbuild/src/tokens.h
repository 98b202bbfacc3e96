/* Splits JSON text (RFC 8259) into tokens. It checks each token's form, not the grammar between them. */
#ifndef TOKENS_H
#define TOKENS_H

#include <stddef.h>

#include "buffer.h"

enum token_kind { TOKEN_END, TOKEN_MARK, TOKEN_STRING, TOKEN_NUMBER, TOKEN_WORD, TOKEN_WRONG };

struct token {
    enum token_kind kind;
    const char *start;
    size_t length;
};

/* The token at *text, and *text moved behind it. A mark is one of { } [ ] , : and a word is true, false or null. */
struct token next_token(const char **text);

/* Adds a string token's characters without quotes and with its escapes decoded, as UTF-8. False: no memory, or a lone surrogate. */
bool token_text(struct token token, struct buffer *into);

#endif
