#include "../src/map.h"

#include "check.h"

static void many_keys(struct map *map)
{
    char key[16];
    long value = 0;
    for (long i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key %ld", i);
        CHECK(map_put(map, key, i * i));
    }
    CHECK(map->count == 1002);
    for (long i = 0; i < 1000; i += 2) {
        snprintf(key, sizeof key, "key %ld", i);
        CHECK(map_remove(map, key));
    }
    for (long i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key %ld", i);
        CHECK(map_get(map, key, &value) == (i % 2 == 1));
        CHECK(i % 2 == 0 || value == i * i);
    }
}

int main(void)
{
    struct map map = {0};
    long value = 0;
    CHECK(!map_get(&map, "absent", &value));
    CHECK(!map_remove(&map, "absent"));
    CHECK(map_put(&map, "one", 1) && map_put(&map, "", 2));
    CHECK(map_put(&map, "one", 11) && map.count == 2);
    CHECK(map_get(&map, "one", &value) && value == 11);
    CHECK(map_get(&map, "", &value) && value == 2);
    many_keys(&map);
    map_free(&map);
    CHECK(map.count == 0 && !map_get(&map, "one", &value));
    return finish("map");
}
