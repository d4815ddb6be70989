// How jemalloc, the process's allocator, is set up. What a seal, a compaction or a query frees is megabytes in small
// pieces, which glibc keeps for good.
// One arena, so that what a thread has freed is there for every other; small pieces come from caches of the threads'
// own. Free pages go back to the system after a fifth of a second, by a thread of jemalloc's own.
//
// The environment's MALLOC_CONF is read after this and wins.

// The name and its linkage are jemalloc's (jemalloc(3), "TUNING").
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,dirty_decay_ms:200,muzzy_decay_ms:0,background_thread:true";
}
