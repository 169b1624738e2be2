;; The two inner loops of resample.ts in WebAssembly with 128-bit SIMD: sums of pixels times 22-bit fixed-point weights, rounded
;; and clamped to bytes. `node scripts/build-kernels.mjs` turns this file into resampleKernel.ts.
;;
;; A table has one entry per output (pixel of a row, or row): the byte offset of its first input, its number of taps, then one
;; i32 weight per tap; entries are `entryBytes` apart.
(module
  (memory (export "memory") 1)

  ;; Each of `rows` rows of RGB pixels, `inBytes` apart from `in` on, to `count` pixels; the results are `outBytes` apart from `out` on.
  ;; Reads one byte beyond the last tap and writes one beyond the last pixel.
  (func (export "columns")
    (param $in i32) (param $inBytes i32) (param $rows i32)
    (param $table i32) (param $entryBytes i32) (param $count i32)
    (param $out i32) (param $outBytes i32)
    (local $entry i32) (local $left i32) (local $to i32) (local $from i32) (local $weight i32) (local $end i32) (local $sum v128)
    (loop $eachRow
      (local.set $entry (local.get $table))
      (local.set $left (local.get $count))
      (local.set $to (local.get $out))
      (loop $pixels
        (local.set $from (i32.add (local.get $in) (i32.load (local.get $entry))))
        (local.set $weight (i32.add (local.get $entry) (i32.const 8)))
        (local.set $end (i32.add (local.get $weight) (i32.shl (i32.load offset=4 (local.get $entry)) (i32.const 2))))
        (local.set $sum (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
        (loop $taps
          ;; red, green, blue and a byte of the next pixel, which is ignored
          (local.set $sum (i32x4.add (local.get $sum) (i32x4.mul
            (v128.load32_splat (local.get $weight))
            (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $from)))))))
          (local.set $from (i32.add (local.get $from) (i32.const 3)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $taps (i32.lt_u (local.get $weight) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (local.set $to (i32.add (local.get $to) (i32.const 3)))
        (local.set $entry (i32.add (local.get $entry) (local.get $entryBytes)))
        (br_if $pixels (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $in (i32.add (local.get $in) (local.get $inBytes)))
      (local.set $out (i32.add (local.get $out) (local.get $outBytes)))
      (br_if $eachRow (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Rows of `rowBytes` bytes (a multiple of 16) at `rows` to `count` rows at `out`.
  (func (export "rows")
    (param $rows i32) (param $rowBytes i32) (param $table i32) (param $entryBytes i32) (param $count i32) (param $out i32)
    (local $x i32) (local $from i32) (local $weight i32) (local $end i32)
    (local $pixels v128) (local $half v128) (local $splat v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $outputs
      (local.set $end (i32.add (local.get $table)
        (i32.add (i32.const 8) (i32.shl (i32.load offset=4 (local.get $table)) (i32.const 2)))))
      (local.set $x (i32.const 0))
      (loop $columns
        (local.set $from (i32.add (i32.add (local.get $rows) (i32.load (local.get $table))) (local.get $x)))
        (local.set $weight (i32.add (local.get $table) (i32.const 8)))
        (local.set $a (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
        (local.set $b (local.get $a))
        (local.set $c (local.get $a))
        (local.set $d (local.get $a))
        (loop $taps
          (local.set $splat (v128.load32_splat (local.get $weight)))
          (local.set $pixels (v128.load (local.get $from)))
          (local.set $half (i16x8.extend_low_i8x16_u (local.get $pixels)))
          (local.set $a (i32x4.add (local.get $a) (i32x4.mul (local.get $splat) (i32x4.extend_low_i16x8_u (local.get $half)))))
          (local.set $b (i32x4.add (local.get $b) (i32x4.mul (local.get $splat) (i32x4.extend_high_i16x8_u (local.get $half)))))
          (local.set $half (i16x8.extend_high_i8x16_u (local.get $pixels)))
          (local.set $c (i32x4.add (local.get $c) (i32x4.mul (local.get $splat) (i32x4.extend_low_i16x8_u (local.get $half)))))
          (local.set $d (i32x4.add (local.get $d) (i32x4.mul (local.get $splat) (i32x4.extend_high_i16x8_u (local.get $half)))))
          (local.set $from (i32.add (local.get $from) (local.get $rowBytes)))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (br_if $taps (i32.lt_u (local.get $weight) (local.get $end))))
        (v128.store (i32.add (local.get $out) (local.get $x)) (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
          (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (br_if $columns (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 16))) (local.get $rowBytes))))
      (local.set $out (i32.add (local.get $out) (local.get $rowBytes)))
      (local.set $table (i32.add (local.get $table) (local.get $entryBytes)))
      (br_if $outputs (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
