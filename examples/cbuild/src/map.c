#include "map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct map_slot {
    char *key; /* NULL: free */
    long value;
};

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *key)
{
    uint64_t sum = 14695981039346656037u;
    for (; *key; key++)
        sum = (sum ^ (unsigned char)*key) * 1099511628211u;
    return sum;
}

static size_t home_of(const struct map *map, const char *key)
{
    return (size_t)hash(key) & (map->room - 1);
}

/* The slot of the key, or the free one where it would go. The map must have a free slot. */
static struct map_slot *find(const struct map *map, const char *key)
{
    size_t at = home_of(map, key);
    while (map->slots[at].key && strcmp(map->slots[at].key, key) != 0)
        at = (at + 1) & (map->room - 1);
    return &map->slots[at];
}

static bool grow(struct map *map)
{
    struct map bigger = {.count = map->count, .room = map->room ? map->room * 2 : 8};
    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i].key)
            *find(&bigger, map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = bigger;
    return true;
}

bool map_put(struct map *map, const char *key, long value)
{
    if ((map->count + 1) * 4 > map->room * 3 && !grow(map))
        return false;
    struct map_slot *slot = find(map, key);
    if (!slot->key) {
        size_t size = strlen(key) + 1;
        char *copy = malloc(size);
        if (!copy)
            return false;
        slot->key = memcpy(copy, key, size);
        map->count++;
    }
    slot->value = value;
    return true;
}

bool map_get(const struct map *map, const char *key, long *value)
{
    const struct map_slot *slot = map->room ? find(map, key) : NULL;
    if (!slot || !slot->key)
        return false;
    *value = slot->value;
    return true;
}

/* Deletion without tombstones: later entries of the same cluster move back into the gap when their home allows it. */
bool map_remove(struct map *map, const char *key)
{
    struct map_slot *gone = map->room ? find(map, key) : NULL;
    if (!gone || !gone->key)
        return false;
    free(gone->key);
    map->count--;
    size_t mask = map->room - 1, gap = (size_t)(gone - map->slots);
    for (size_t at = (gap + 1) & mask; map->slots[at].key; at = (at + 1) & mask) {
        size_t home = home_of(map, map->slots[at].key);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            map->slots[gap] = map->slots[at];
            gap = at;
        }
    }
    map->slots[gap] = (struct map_slot){0};
    return true;
}

void map_free(struct map *map)
{
    for (size_t i = 0; i < map->room; i++)
        free(map->slots[i].key);
    free(map->slots);
    *map = (struct map){0};
}
