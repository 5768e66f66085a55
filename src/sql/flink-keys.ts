/** Every option key of Flink 2.3 (ConfigOption constants of its *Options classes, read by reflection): loaded when a script sets a key that millrace does not have. */
export const FLINK_KEYS: readonly string[] = `
akka.ask.callstack akka.ask.timeout akka.client-socket-worker-pool.pool-size-factor akka.client-socket-worker-pool.pool-size-max
akka.client-socket-worker-pool.pool-size-min akka.client.timeout akka.fork-join-executor.parallelism-factor akka.fork-join-executor.parallelism-max
akka.fork-join-executor.parallelism-min akka.framesize akka.jvm-exit-on-fatal-error akka.log.lifecycle.events akka.lookup.timeout
akka.retry-gate-closed-for akka.rpc.force-invocation-serialization akka.server-socket-worker-pool.pool-size-factor
akka.server-socket-worker-pool.pool-size-max akka.server-socket-worker-pool.pool-size-min akka.ssl.enabled akka.startup-timeout akka.tcp.timeout
akka.throughput application-result-store.delete-on-commit application-result-store.storage-path blob.client.connect.timeout blob.client.socket.timeout
blob.fetch.backlog blob.fetch.num-concurrent blob.fetch.retries blob.offload.minsize blob.server.port blob.service.cleanup.interval
blob.service.ssl.enabled blob.storage.directory classloader.check-leaked-classloader classloader.fail-on-metaspace-oom-error
classloader.parent-first-patterns classloader.parent-first-patterns.additional classloader.parent-first-patterns.default classloader.resolve-order
cleanup-strategy.exponential-delay.attempts cleanup-strategy.exponential-delay.initial-backoff cleanup-strategy.exponential-delay.max-backoff
cleanup-strategy.fixed-delay.attempts cleanup-strategy.fixed-delay.delay cleanup-strategy.type client.heartbeat.interval client.heartbeat.timeout
client.retry-period client.timeout cluster.id cluster.intercept-user-system-exit cluster.io-pool.size cluster.processes.halt-on-fatal-error
cluster.registration.error-delay cluster.registration.initial-timeout cluster.registration.max-timeout cluster.registration.refused-registration-delay
cluster.services.shutdown-timeout cluster.thread-dump.stacktrace-max-depth cluster.uncaught-exception-handling
compiler.delimited-informat.max-line-samples compiler.delimited-informat.max-sample-len compiler.delimited-informat.min-line-samples
completed-application-store.cache-size completed-application-store.expiration-time completed-application-store.max-capacity
completed-application-store.type env.hadoop.conf.dir env.hbase.conf.dir env.java.default-opts.all env.java.default-opts.jobmanager
env.java.default-opts.taskmanager env.java.home env.java.opts env.java.opts.all env.java.opts.client env.java.opts.historyserver
env.java.opts.jobmanager env.java.opts.sql-gateway env.java.opts.taskmanager env.log.dir env.log.level env.log.max env.pid.dir env.ssh.opts
env.stdout-err.redirect-to-file env.yarn.conf.dir events.reporters execution.allow-client-job-configurations execution.async-state.active-buffer-size
execution.async-state.active-buffer-timeout execution.async-state.total-buffer-size execution.attached execution.batch-shuffle-mode
execution.batch-state-backend.enabled execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task
execution.batch.adaptive.auto-parallelism.default-source-parallelism execution.batch.adaptive.auto-parallelism.enabled
execution.batch.adaptive.auto-parallelism.max-parallelism execution.batch.adaptive.auto-parallelism.min-parallelism
execution.batch.job-recovery.enabled execution.batch.job-recovery.previous-worker.recovery.timeout execution.batch.job-recovery.snapshot.min-pause
execution.batch.speculative.block-slow-node-duration execution.batch.speculative.enabled execution.batch.speculative.max-concurrent-executions
execution.buffer-timeout execution.buffer-timeout.enabled execution.buffer-timeout.interval execution.checkpointing.aligned-checkpoint-timeout
execution.checkpointing.alignment-timeout execution.checkpointing.approximate-local-recovery execution.checkpointing.checkpoints-after-tasks-finish
execution.checkpointing.checkpoints-after-tasks-finish.enabled execution.checkpointing.cleaner.parallel-mode execution.checkpointing.create-subdir
execution.checkpointing.data-inline-threshold execution.checkpointing.dir execution.checkpointing.during-recovery.enabled
execution.checkpointing.externalized-checkpoint-retention execution.checkpointing.file-merging.across-checkpoint-boundary
execution.checkpointing.file-merging.enabled execution.checkpointing.file-merging.max-file-size
execution.checkpointing.file-merging.max-space-amplification execution.checkpointing.file-merging.max-subtasks-per-file
execution.checkpointing.file-merging.pool-blocking execution.checkpointing.incremental execution.checkpointing.interval
execution.checkpointing.interval-during-backlog execution.checkpointing.local-backup.dirs execution.checkpointing.local-backup.enabled
execution.checkpointing.max-concurrent-checkpoints execution.checkpointing.min-pause execution.checkpointing.mode execution.checkpointing.num-retained
execution.checkpointing.recover-without-channel-state.checkpoint-id execution.checkpointing.savepoint-dir execution.checkpointing.snapshot-compression
execution.checkpointing.storage execution.checkpointing.timeout execution.checkpointing.tolerable-failed-checkpoints execution.checkpointing.unaligned
execution.checkpointing.unaligned.enabled execution.checkpointing.unaligned.forced execution.checkpointing.unaligned.interruptible-timers.enabled
execution.checkpointing.unaligned.max-subtasks-per-channel-state-file execution.checkpointing.unaligned.recover-output-on-downstream.enabled
execution.checkpointing.write-buffer-size execution.job-listeners execution.job-status-changed-listeners execution.program-config.enabled
execution.program-config.wildcards execution.runtime-mode execution.savepoint-restore-mode execution.savepoint.ignore-unclaimed-state
execution.savepoint.path execution.shutdown-on-application-finish execution.shutdown-on-attached-exit execution.sort-keyed-partition.memory
execution.sort-partition.memory execution.sorted-inputs.enabled execution.sorted-inputs.memory execution.state-recovery.approximate-local-recovery
execution.state-recovery.claim-mode execution.state-recovery.from-local execution.state-recovery.ignore-unclaimed-state execution.state-recovery.path
execution.state-recovery.without-channel-state.checkpoint-id execution.submit-failed-job-on-application-error execution.target
execution.terminate-application-on-any-job-terminated-exceptionally factory.class filter.excludes filter.includes fs.allowed-fallback-filesystems
fs.default-scheme fs.output.always-create-directory fs.overwrite-files heartbeat.interval heartbeat.rpc-failure-threshold heartbeat.timeout
high-availability.cluster-id high-availability.jobmanager.port high-availability.storageDir high-availability.type
high-availability.zookeeper.client.acl high-availability.zookeeper.client.authorization high-availability.zookeeper.client.connection-timeout
high-availability.zookeeper.client.ensemble-tracker high-availability.zookeeper.client.max-close-wait
high-availability.zookeeper.client.max-retry-attempts high-availability.zookeeper.client.max-retry-wait high-availability.zookeeper.client.retry-wait
high-availability.zookeeper.client.session-timeout high-availability.zookeeper.client.simulated-session-expiration-percent
high-availability.zookeeper.client.tolerate-suspended-connections high-availability.zookeeper.path.applications
high-availability.zookeeper.path.execution-plans high-availability.zookeeper.path.jobgraphs high-availability.zookeeper.path.namespace
high-availability.zookeeper.path.root high-availability.zookeeper.quorum high-availability.zookeeper.storageDir
historyserver.archive.clean-expired-applications historyserver.archive.clean-expired-jobs historyserver.archive.fs.dir
historyserver.archive.fs.refresh-interval historyserver.archive.retained-applications historyserver.archive.retained-jobs
historyserver.archive.retained-ttl historyserver.log.jobmanager.url-pattern historyserver.log.taskmanager.url-pattern historyserver.web.address
historyserver.web.port historyserver.web.refresh-interval historyserver.web.ssl.enabled historyserver.web.tmpdir io.tmp.dirs jmx.server.port
job-event.store.write-buffer.flush-interval job-event.store.write-buffer.size job-manager.max-attempts-history-size job-result-store.delete-on-commit
job-result-store.storage-path jobmanager.adaptive-batch-scheduler.avg-data-volume-per-task
jobmanager.adaptive-batch-scheduler.default-source-parallelism jobmanager.adaptive-batch-scheduler.max-parallelism
jobmanager.adaptive-batch-scheduler.min-parallelism jobmanager.adaptive-batch-scheduler.speculative.block-slow-node-duration
jobmanager.adaptive-batch-scheduler.speculative.enabled jobmanager.adaptive-batch-scheduler.speculative.max-concurrent-executions
jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout
jobmanager.adaptive-scheduler.min-parallelism-increase jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers
jobmanager.adaptive-scheduler.rescale-trigger.max-checkpoint-failures jobmanager.adaptive-scheduler.rescale-trigger.max-delay
jobmanager.adaptive-scheduler.resource-stabilization-timeout jobmanager.adaptive-scheduler.resource-wait-timeout
jobmanager.adaptive-scheduler.scaling-interval.max jobmanager.adaptive-scheduler.scaling-interval.min
jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout jobmanager.adaptive-scheduler.submission.resource-wait-timeout
jobmanager.archive.fs.dir jobmanager.bind-host jobmanager.execution.attempts-history-size jobmanager.execution.failover-strategy
jobmanager.failure-enrichers jobmanager.future-pool.size jobmanager.io-pool.size jobmanager.memory.enable-jvm-direct-memory-limit
jobmanager.memory.flink.size jobmanager.memory.heap.size jobmanager.memory.jvm-metaspace.size jobmanager.memory.jvm-overhead.fraction
jobmanager.memory.jvm-overhead.max jobmanager.memory.jvm-overhead.min jobmanager.memory.off-heap.size jobmanager.memory.process.size
jobmanager.partition.hybrid.partition-data-consume-constraint jobmanager.partition.release-during-job-execution jobmanager.resource-id
jobmanager.retrieve-taskmanager-hostname jobmanager.rpc.address jobmanager.rpc.bind-port jobmanager.rpc.port jobmanager.scheduler
jobmanager.web.access-control-allow-origin jobmanager.web.address jobmanager.web.checkpoints.history jobmanager.web.history jobmanager.web.log.path
jobmanager.web.port jobmanager.web.refresh-interval jobmanager.web.submit.enable jobmanager.web.tmpdir jobmanager.web.upload.dir jobstore.cache-size
jobstore.expiration-time jobstore.max-capacity jobstore.type library-cache-manager.cleanup.interval local.number-taskmanager
materialized-table.default-freshness.continuous materialized-table.default-freshness.full materialized-table.default-start-mode
materialized-table.refresh-mode.freshness-threshold metrics.fetcher.update-interval metrics.internal.query-service.port
metrics.internal.query-service.thread-priority metrics.job.status.enable metrics.latency.granularity metrics.latency.history-size
metrics.latency.interval metrics.reporters metrics.scope.delimiter metrics.scope.jm metrics.scope.jm-job metrics.scope.jm-operator
metrics.scope.jm.job metrics.scope.operator metrics.scope.task metrics.scope.tm metrics.scope.tm-job metrics.scope.tm.job metrics.system-resource
metrics.system-resource-probing-interval minicluster.number-of-taskmanagers parallelism.default pekko.ask.callstack pekko.ask.timeout
pekko.client-socket-worker-pool.pool-size-factor pekko.client-socket-worker-pool.pool-size-max pekko.client-socket-worker-pool.pool-size-min
pekko.fork-join-executor.parallelism-factor pekko.fork-join-executor.parallelism-max pekko.fork-join-executor.parallelism-min pekko.framesize
pekko.jvm-exit-on-fatal-error pekko.log.lifecycle.events pekko.lookup.timeout pekko.remote-fork-join-executor.parallelism-factor
pekko.remote-fork-join-executor.parallelism-max pekko.remote-fork-join-executor.parallelism-min pekko.retry-gate-closed-for
pekko.rpc.force-invocation-serialization pekko.server-socket-worker-pool.pool-size-factor pekko.server-socket-worker-pool.pool-size-max
pekko.server-socket-worker-pool.pool-size-min pekko.ssl.enabled pekko.startup-timeout pekko.tcp.timeout pekko.throughput pipeline.auto-generate-uids
pipeline.auto-watermark-interval pipeline.cached-files pipeline.cep.sharedbuffer.cache.entry-slots pipeline.cep.sharedbuffer.cache.event-slots
pipeline.cep.sharedbuffer.cache.statistics-interval pipeline.classpaths pipeline.closure-cleaner-level pipeline.force-avro pipeline.force-kryo
pipeline.force-kryo-avro pipeline.generic-types pipeline.global-job-parameters pipeline.jars pipeline.jobvertex-parallelism-overrides
pipeline.max-parallelism pipeline.name pipeline.object-reuse pipeline.operator-chaining
pipeline.operator-chaining.chain-operators-with-different-max-parallelism pipeline.operator-chaining.enabled pipeline.serialization-config
pipeline.sources.pause-until-first-checkpoint pipeline.vertex-description-mode pipeline.vertex-name-include-index-prefix
pipeline.watermark-alignment.allow-unaligned-source-splits pipeline.watermark-alignment.buffer-size
plugin.classloader.parent-first-patterns.additional plugin.classloader.parent-first-patterns.default process.jobmanager.working-dir
process.taskmanager.working-dir process.working-dir query.client.network-threads query.proxy.network-threads query.proxy.ports
query.proxy.query-threads query.server.network-threads query.server.ports query.server.query-threads queryable-state.client.network-threads
queryable-state.enable queryable-state.proxy.network-threads queryable-state.proxy.ports queryable-state.proxy.query-threads
queryable-state.server.network-threads queryable-state.server.ports queryable-state.server.query-threads recovery.jobmanager.port recovery.mode
recovery.zookeeper.client.connection-timeout recovery.zookeeper.client.max-retry-attempts recovery.zookeeper.client.retry-wait
recovery.zookeeper.client.session-timeout recovery.zookeeper.path.jobgraphs recovery.zookeeper.path.namespace recovery.zookeeper.path.root
recovery.zookeeper.quorum recovery.zookeeper.storageDir resourcemanager.job.timeout resourcemanager.previous-worker.recovery.timeout
resourcemanager.rpc.port resourcemanager.standalone.start-up-time resourcemanager.start-worker.max-failure-rate
resourcemanager.start-worker.retry-interval resourcemanager.taskmanager-registration.timeout resourcemanager.taskmanager-timeout rest.address
rest.async.store-duration rest.await-leader-timeout rest.bind-address rest.bind-port rest.cache.checkpoint-statistics.size
rest.cache.checkpoint-statistics.timeout rest.cache.execution-graph.timeout rest.client.max-content-length rest.connection-timeout
rest.flamegraph.cleanup-interval rest.flamegraph.delay-between-samples rest.flamegraph.enabled rest.flamegraph.num-samples
rest.flamegraph.refresh-interval rest.flamegraph.stack-depth rest.idleness-timeout rest.path rest.port rest.profiling.dir rest.profiling.duration-max
rest.profiling.enabled rest.profiling.history-size rest.retry.delay rest.retry.max-attempts rest.server.max-content-length rest.server.numThreads
rest.server.thread-priority rest.url-prefix restart-strategy.exponential-delay.attempts-before-reset-backoff
restart-strategy.exponential-delay.backoff-multiplier restart-strategy.exponential-delay.initial-backoff
restart-strategy.exponential-delay.jitter-factor restart-strategy.exponential-delay.max-backoff
restart-strategy.exponential-delay.reset-backoff-threshold restart-strategy.failure-rate.delay restart-strategy.failure-rate.failure-rate-interval
restart-strategy.failure-rate.max-failures-per-interval restart-strategy.fixed-delay.attempts restart-strategy.fixed-delay.delay restart-strategy.type
savepoints.state.backend.fs.dir scope.delimiter scope.variables.additional scope.variables.excludes security.context.factory.classes
security.delegation.tokens.enabled security.delegation.tokens.renewal.retry.backoff security.delegation.tokens.renewal.time-ratio
security.kerberos.access.hadoopFileSystems security.kerberos.fetch.delegation-token security.kerberos.krb5-conf.path security.kerberos.login.contexts
security.kerberos.login.keytab security.kerberos.login.principal security.kerberos.login.use-ticket-cache security.kerberos.relogin.period
security.kerberos.tokens.renewal.retry.backoff security.kerberos.tokens.renewal.time-ratio security.keytab security.module.factory.classes
security.principal security.ssl.algorithms security.ssl.close-notify-flush-timeout security.ssl.handshake-timeout
security.ssl.internal.cert.fingerprint security.ssl.internal.close-notify-flush-timeout security.ssl.internal.enabled
security.ssl.internal.handshake-timeout security.ssl.internal.key-password security.ssl.internal.keystore security.ssl.internal.keystore-password
security.ssl.internal.keystore-type security.ssl.internal.session-cache-size security.ssl.internal.session-timeout security.ssl.internal.truststore
security.ssl.internal.truststore-password security.ssl.internal.truststore-type security.ssl.key-password security.ssl.keystore
security.ssl.keystore-password security.ssl.protocol security.ssl.provider security.ssl.rest.authentication-enabled security.ssl.rest.cert.fingerprint
security.ssl.rest.enabled security.ssl.rest.key-password security.ssl.rest.keystore security.ssl.rest.keystore-password
security.ssl.rest.keystore-type security.ssl.rest.truststore security.ssl.rest.truststore-password security.ssl.rest.truststore-type
security.ssl.rest.verify-hostname security.ssl.session-cache-size security.ssl.session-timeout security.ssl.truststore
security.ssl.truststore-password security.ssl.verify-hostname shuffle-service-factory.class sink.committer.retries slot.idle.timeout
slot.request.max-interval slot.request.timeout slotmanager.declare-needed-resource.delay slotmanager.max-total-resource.cpu
slotmanager.max-total-resource.memory slotmanager.min-total-resource.cpu slotmanager.min-total-resource.memory slotmanager.number-of-slots.max
slotmanager.number-of-slots.min slotmanager.redundant-taskmanager-num slotmanager.requirement-check.delay slotmanager.taskmanager-timeout
slow-task-detector.check-interval slow-task-detector.execution-time.baseline-lower-bound slow-task-detector.execution-time.baseline-multiplier
slow-task-detector.execution-time.baseline-ratio sql-client.display.color-schema sql-client.display.max-column-width
sql-client.display.print-time-cost sql-client.execution.max-table-result.rows sql-client.execution.result-mode sql-client.prompt.prompt
sql-client.verbose sql-gateway.session.check-interval sql-gateway.session.idle-timeout sql-gateway.session.max-num
sql-gateway.session.plan-cache.enabled sql-gateway.session.plan-cache.size sql-gateway.session.plan-cache.ttl sql-gateway.worker.keepalive-time
sql-gateway.worker.threads.max sql-gateway.worker.threads.min state.backend state.backend.changelog.enabled
state.backend.changelog.max-failures-allowed state.backend.changelog.periodic-materialize.enabled
state.backend.changelog.periodic-materialize.interval state.backend.changelog.storage state.backend.fs.checkpointdir state.backend.fs.memory-threshold
state.backend.fs.write-buffer-size state.backend.incremental state.backend.latency-track.history-size state.backend.latency-track.keyed-state-enabled
state.backend.latency-track.sample-interval state.backend.latency-track.state-name-as-variable state.backend.local-recovery
state.backend.rocksdb.block.blocksize state.backend.rocksdb.block.cache-size state.backend.rocksdb.block.metadata-blocksize
state.backend.rocksdb.bloom-filter.bits-per-key state.backend.rocksdb.bloom-filter.block-based-mode
state.backend.rocksdb.checkpoint.transfer.thread.num state.backend.rocksdb.compaction.filter.periodic-compaction-time
state.backend.rocksdb.compaction.filter.query-time-after-num-entries state.backend.rocksdb.compaction.level.max-size-level-base
state.backend.rocksdb.compaction.level.target-file-size-base state.backend.rocksdb.compaction.level.use-dynamic-size
state.backend.rocksdb.compaction.style state.backend.rocksdb.compression.per.level state.backend.rocksdb.files.open
state.backend.rocksdb.incremental-restore-async-compact-after-rescale state.backend.rocksdb.localdir state.backend.rocksdb.log.dir
state.backend.rocksdb.log.file-num state.backend.rocksdb.log.level state.backend.rocksdb.log.max-file-size
state.backend.rocksdb.manual-compaction.max-auto-compactions state.backend.rocksdb.manual-compaction.max-file-size-to-compact
state.backend.rocksdb.manual-compaction.max-files-to-compact state.backend.rocksdb.manual-compaction.max-output-file-size
state.backend.rocksdb.manual-compaction.max-parallel-compactions state.backend.rocksdb.manual-compaction.min-files-to-compact
state.backend.rocksdb.manual-compaction.min-interval state.backend.rocksdb.memory.fixed-per-slot state.backend.rocksdb.memory.fixed-per-tm
state.backend.rocksdb.memory.high-prio-pool-ratio state.backend.rocksdb.memory.managed state.backend.rocksdb.memory.partitioned-index-filters
state.backend.rocksdb.memory.write-buffer-ratio state.backend.rocksdb.metrics.actual-delayed-write-rate
state.backend.rocksdb.metrics.background-errors state.backend.rocksdb.metrics.block-cache-capacity state.backend.rocksdb.metrics.block-cache-hit
state.backend.rocksdb.metrics.block-cache-miss state.backend.rocksdb.metrics.block-cache-pinned-usage state.backend.rocksdb.metrics.block-cache-usage
state.backend.rocksdb.metrics.bloom-filter-full-positive state.backend.rocksdb.metrics.bloom-filter-full-true-positive
state.backend.rocksdb.metrics.bloom-filter-useful state.backend.rocksdb.metrics.bytes-read state.backend.rocksdb.metrics.bytes-written
state.backend.rocksdb.metrics.column-family-as-variable state.backend.rocksdb.metrics.compaction-pending
state.backend.rocksdb.metrics.compaction-read-bytes state.backend.rocksdb.metrics.compaction-write-bytes
state.backend.rocksdb.metrics.cur-size-active-mem-table state.backend.rocksdb.metrics.cur-size-all-mem-tables
state.backend.rocksdb.metrics.estimate-live-data-size state.backend.rocksdb.metrics.estimate-num-keys
state.backend.rocksdb.metrics.estimate-pending-compaction-bytes state.backend.rocksdb.metrics.estimate-table-readers-mem
state.backend.rocksdb.metrics.is-write-stopped state.backend.rocksdb.metrics.iter-bytes-read state.backend.rocksdb.metrics.live-sst-files-size
state.backend.rocksdb.metrics.mem-table-flush-pending state.backend.rocksdb.metrics.num-deletes-active-mem-table
state.backend.rocksdb.metrics.num-deletes-imm-mem-tables state.backend.rocksdb.metrics.num-entries-active-mem-table
state.backend.rocksdb.metrics.num-entries-imm-mem-tables state.backend.rocksdb.metrics.num-files-at-level
state.backend.rocksdb.metrics.num-immutable-mem-table state.backend.rocksdb.metrics.num-live-versions
state.backend.rocksdb.metrics.num-running-compactions state.backend.rocksdb.metrics.num-running-flushes state.backend.rocksdb.metrics.num-snapshots
state.backend.rocksdb.metrics.size-all-mem-tables state.backend.rocksdb.metrics.stall-micros state.backend.rocksdb.metrics.total-sst-files-size
state.backend.rocksdb.options-factory state.backend.rocksdb.predefined-options state.backend.rocksdb.rescaling.use-delete-files-in-range
state.backend.rocksdb.restore-overlap-fraction-threshold state.backend.rocksdb.thread.num state.backend.rocksdb.timer-service.cache-size
state.backend.rocksdb.timer-service.factory state.backend.rocksdb.use-bloom-filter state.backend.rocksdb.use-ingest-db-restore-mode
state.backend.rocksdb.write-batch-size state.backend.rocksdb.writebuffer.count state.backend.rocksdb.writebuffer.number-to-merge
state.backend.rocksdb.writebuffer.size state.backend.type state.changelog.enabled state.changelog.max-failures-allowed
state.changelog.periodic-materialize.enabled state.changelog.periodic-materialize.interval state.changelog.storage state.checkpoint-storage
state.checkpoint.cleaner.parallel-mode state.checkpoints.create-subdir state.checkpoints.dir state.checkpoints.num-retained
state.latency-track.history-size state.latency-track.keyed-state-enabled state.latency-track.sample-interval
state.latency-track.state-name-as-variable state.savepoints.dir state.size-track.history-size state.size-track.keyed-state-enabled
state.size-track.sample-interval state.size-track.state-name-as-variable state.storage.fs.memory-threshold state.storage.fs.write-buffer-size
table.builtin-catalog-name table.builtin-database-name table.catalog-modification.listeners table.catalog-store.kind table.column-expansion-strategy
table.display.max-column-width table.dml-sync table.dynamic-table-options.enabled table.exec.async-lookup.buffer-capacity
table.exec.async-lookup.key-ordered-enabled table.exec.async-lookup.output-mode table.exec.async-lookup.timeout
table.exec.async-ml-predict.max-concurrent-operations table.exec.async-ml-predict.output-mode table.exec.async-ml-predict.timeout
table.exec.async-scalar.buffer-capacity table.exec.async-scalar.max-attempts table.exec.async-scalar.max-concurrent-operations
table.exec.async-scalar.retry-delay table.exec.async-scalar.retry-strategy table.exec.async-scalar.timeout table.exec.async-state.enabled
table.exec.async-table.max-concurrent-operations table.exec.async-table.max-retries table.exec.async-table.retry-delay
table.exec.async-table.retry-strategy table.exec.async-table.timeout table.exec.async-vector-search.max-concurrent-operations
table.exec.async-vector-search.output-mode table.exec.async-vector-search.timeout table.exec.deduplicate.insert-update-after-sensitive-enabled
table.exec.deduplicate.mini-batch.compact-changes-enabled table.exec.delta-join.cache-enabled table.exec.delta-join.left.cache-size
table.exec.delta-join.right.cache-size table.exec.disabled-operators table.exec.interval-join.min-cleanup-interval table.exec.legacy-cast-behaviour
table.exec.local-hash-agg.adaptive.distinct-value-rate-threshold table.exec.local-hash-agg.adaptive.enabled
table.exec.local-hash-agg.adaptive.sampling-threshold table.exec.mini-batch.allow-latency table.exec.mini-batch.enabled table.exec.mini-batch.size
table.exec.operator-fusion-codegen.enabled table.exec.rank.topn-cache-size table.exec.resource.default-parallelism
table.exec.resource.external-buffer-memory table.exec.resource.hash-agg.memory table.exec.resource.hash-join.memory table.exec.resource.sort.memory
table.exec.simplify-operator-name-enabled table.exec.sink.keyed-shuffle table.exec.sink.nested-constraint-enforcer table.exec.sink.not-null-enforcer
table.exec.sink.require-on-conflict table.exec.sink.rowtime-inserter table.exec.sink.type-length-enforcer table.exec.sink.upsert-materialize
table.exec.sink.upsert-materialize-strategy.adaptive.threshold.high table.exec.sink.upsert-materialize-strategy.adaptive.threshold.low
table.exec.sink.upsert-materialize-strategy.type table.exec.sort.async-merge-enabled table.exec.sort.default-limit
table.exec.sort.max-num-file-handles table.exec.source.cdc-events-duplicate table.exec.source.idle-timeout table.exec.spill-compression.block-size
table.exec.spill-compression.enabled table.exec.state.ttl table.exec.uid.format table.exec.uid.generation table.exec.unbounded-over.version
table.exec.window-agg.buffer-size-limit table.generated-code.max-length table.generated-code.max-members table.legacy-nested-row-nullability
table.local-time-zone table.optimizer.adaptive-broadcast-join.strategy table.optimizer.agg-phase-strategy table.optimizer.bushy-join-reorder-threshold
table.optimizer.delta-join.strategy table.optimizer.distinct-agg.split.bucket-num table.optimizer.distinct-agg.split.enabled
table.optimizer.dynamic-filtering.enabled table.optimizer.incremental-agg-enabled table.optimizer.join-reorder-enabled
table.optimizer.join.broadcast-threshold table.optimizer.multi-join.enabled table.optimizer.multiple-input-enabled
table.optimizer.non-deterministic-update.strategy table.optimizer.ptf.max-tables table.optimizer.reuse-optimize-block-with-digest-enabled
table.optimizer.reuse-sink-enabled table.optimizer.reuse-source-enabled table.optimizer.reuse-sub-plan-enabled table.optimizer.runtime-filter.enabled
table.optimizer.runtime-filter.max-build-data-size table.optimizer.runtime-filter.min-filter-ratio table.optimizer.runtime-filter.min-probe-data-size
table.optimizer.skewed-join-optimization.skewed-factor table.optimizer.skewed-join-optimization.skewed-threshold
table.optimizer.skewed-join-optimization.strategy table.optimizer.source.report-statistics-enabled table.optimizer.sql2rel.project-merge.enabled
table.optimizer.union-all-as-breakpoint-enabled table.plan.compile.catalog-objects table.plan.force-recompile table.plan.restore.catalog-objects
table.resources.download-dir table.rtas-ctas.atomicity-enabled table.secret-store.kind table.sql-dialect task.cancellation-interval
task.cancellation.interval task.cancellation.timeout task.cancellation.timers.timeout taskmanager.bind-host taskmanager.collect-sink.port
taskmanager.cpu.cores taskmanager.data.bind-port taskmanager.data.port taskmanager.data.ssl.enabled taskmanager.debug.memory.log
taskmanager.debug.memory.log-interval taskmanager.debug.memory.logIntervalMs taskmanager.debug.memory.startLogThread taskmanager.host
taskmanager.jvm-exit-on-oom taskmanager.load-balance.mode taskmanager.log.path taskmanager.maxRegistrationDuration taskmanager.memory.flink.size
taskmanager.memory.framework.heap.size taskmanager.memory.framework.off-heap.batch-shuffle.size taskmanager.memory.framework.off-heap.size
taskmanager.memory.jvm-metaspace.size taskmanager.memory.jvm-overhead.fraction taskmanager.memory.jvm-overhead.max taskmanager.memory.jvm-overhead.min
taskmanager.memory.managed.consumer-weights taskmanager.memory.managed.fraction taskmanager.memory.managed.size taskmanager.memory.min-segment-size
taskmanager.memory.network.fraction taskmanager.memory.network.max taskmanager.memory.network.min taskmanager.memory.process.size
taskmanager.memory.segment-size taskmanager.memory.size taskmanager.memory.starting-segment-size taskmanager.memory.task.heap.size
taskmanager.memory.task.off-heap.size taskmanager.net.client.connectTimeoutSec taskmanager.net.request-backoff.initial
taskmanager.net.request-backoff.max taskmanager.network.adaptive-partitioner.enabled taskmanager.network.adaptive-partitioner.max-traverse-size
taskmanager.network.bind-policy taskmanager.network.compression.codec taskmanager.network.detailed-metrics
taskmanager.network.hybrid-shuffle.external-remote-tier-factory.class taskmanager.network.hybrid-shuffle.remote.path
taskmanager.network.memory.buffer-debloat.enabled taskmanager.network.memory.buffer-debloat.period taskmanager.network.memory.buffer-debloat.samples
taskmanager.network.memory.buffer-debloat.target taskmanager.network.memory.buffer-debloat.threshold-percentages
taskmanager.network.memory.buffers-request-timeout taskmanager.network.memory.exclusive-buffers-request-timeout-ms taskmanager.network.memory.fraction
taskmanager.network.memory.max taskmanager.network.memory.min taskmanager.network.memory.read-buffer.required-per-gate.max
taskmanager.network.netty.client.connectTimeoutSec taskmanager.network.netty.client.tcp.keepCount taskmanager.network.netty.client.tcp.keepIdleSec
taskmanager.network.netty.client.tcp.keepIntervalSec taskmanager.network.partition-request-timeout taskmanager.network.request-backoff.initial
taskmanager.network.request-backoff.max taskmanager.network.retries taskmanager.network.sort-shuffle.min-buffers
taskmanager.network.tcp-connection.enable-reuse-across-jobs taskmanager.numberOfTaskSlots taskmanager.registration.timeout taskmanager.resource-id
taskmanager.rpc.bind-port taskmanager.rpc.port taskmanager.runtime.fs-timeout taskmanager.runtime.fs_timeout
taskmanager.runtime.hashjoin-bloom-filters taskmanager.runtime.large-record-handler taskmanager.runtime.max-fan
taskmanager.runtime.sort-spilling-threshold taskmanager.slot.timeout taskmanager.state.local.root-dirs taskmanager.system-out.log.cache-upper-size
taskmanager.system-out.log.thread-name.enabled taskmanager.system-out.mode taskmanager.tmp.dirs timerservice.exceptional.shutdown.timeout
traces.checkpoint.span-detail-level traces.reporters user.artifacts.artifact-list user.artifacts.base-dir user.artifacts.http-headers
user.artifacts.raw-http-enabled web.access-control-allow-origin web.adaptive-scheduler.rescale-history.size web.address web.cancel.enable
web.checkpoints.history web.exception-history-size web.history web.log.path web.port web.refresh-interval web.rescale.enable web.submit.enable
web.timeout web.tmpdir web.upload.dir yarn.security.kerberos.additionalFileSystems zookeeper.sasl.disable zookeeper.sasl.login-context-name
zookeeper.sasl.service-name
`
  .trim()
  .split(/\s+/);
