<?php

// The tables of the database session driver and of the database cache store, which holds its locks:
// what `artisan session:table`, `cache:table` and `migrate` make. Done once, before the replicas start.

$app = require dirname(__DIR__) . '/bootstrap.php';
$app->make(Illuminate\Contracts\Http\Kernel::class)->bootstrap();

$schema = $app['db']->connection()->getSchemaBuilder();

$schema->hasTable('sessions') || $schema->create('sessions', static function ($table): void {
    $table->string('id')->primary();
    $table->foreignId('user_id')->nullable()->index();
    $table->string('ip_address', 45)->nullable();
    $table->text('user_agent')->nullable();
    $table->longText('payload');
    $table->integer('last_activity')->index();
});

$schema->hasTable('cache') || $schema->create('cache', static function ($table): void {
    $table->string('key')->primary();
    $table->mediumText('value');
    $table->integer('expiration');
});

$schema->hasTable('cache_locks') || $schema->create('cache_locks', static function ($table): void {
    $table->string('key')->primary();
    $table->string('owner');
    $table->integer('expiration');
});
