// How jemalloc, the process's allocator, is set up. What a seal, a compaction or a query frees is megabytes in small
// pieces, which glibc keeps for good.
//   narenas        few, so that free space is not scattered over one arena for each core
//   oversize       what is larger than 64 KiB has an arena for all threads: the memory of queries and pages is not kept
//   in
//                  each of the others
//   dirty_decay_ms free pages go back to the system after half a second, by a thread of jemalloc's own
// The environment's MALLOC_CONF is read after this and wins.

// The name and its linkage are jemalloc's (jemalloc(3), "TUNING").
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "narenas:4,oversize_threshold:65536,dirty_decay_ms:500,muzzy_decay_ms:0,background_thread:true";
}
