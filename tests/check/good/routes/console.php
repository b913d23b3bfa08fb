<?php

use Illuminate\Support\Facades\Schedule;

Schedule::command('orders:remind')->hourly()->onOneServer()->withoutOverlapping(15);
