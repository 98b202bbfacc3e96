/* A hash map from strings to numbers: open addressing with linear probing, at most three quarters full. It copies its keys. */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t count;
    size_t room; /* zero or a power of two */
};

bool map_put(struct map *map, const char *key, long value); /* false: no memory, and the map is as it was */
bool map_get(const struct map *map, const char *key, long *value);
bool map_remove(struct map *map, const char *key); /* false: it was not there */
void map_free(struct map *map);

#endif
