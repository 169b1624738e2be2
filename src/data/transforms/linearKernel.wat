;; The two inner loops of resizeLinear.ts in WebAssembly with 128-bit SIMD: OpenCV's bilinear arithmetic on bytes.
;; `node scripts/build-kernels.mjs` turns this file into linearKernel.ts.
(module
  (memory (export "memory") 1)

  ;; One row of RGB pixels at `in` to `count` pixels of three i16 at `out`: (first * v + second * w) >> 4.
  ;; The table has three i32 per output: byte offsets of its two inputs, then v and w as two i16.
  ;; Reads one byte beyond the last input and writes one i16 beyond the last pixel.
  (func (export "columns") (param $in i32) (param $table i32) (param $count i32) (param $out i32)
    (local $sum v128)
    (loop $pixels
      ;; r' r'' g' g'' b' b'' x' x'' as i16, times v w v w v w v w, neighbours added
      (local.set $sum (i32x4.dot_i16x8_s
        (i16x8.extend_low_i8x16_u (i8x16.shuffle 0 16 1 17 2 18 3 19 0 0 0 0 0 0 0 0
          (v128.load32_zero (i32.add (local.get $in) (i32.load (local.get $table))))
          (v128.load32_zero (i32.add (local.get $in) (i32.load offset=4 (local.get $table))))))
        (v128.load32_splat offset=8 (local.get $table))))
      (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 4)))
      (v128.store64_lane 0 (local.get $out) (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
      (local.set $table (i32.add (local.get $table) (i32.const 12)))
      (local.set $out (i32.add (local.get $out) (i32.const 6)))
      (br_if $pixels (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))

  ;; Two such rows to `count` bytes (rounded up to a multiple of 8): ((upper * v >> 16) + (lower * w >> 16) + 2) >> 2.
  (func (export "rows")
    (param $upper i32) (param $lower i32) (param $v i32) (param $w i32) (param $count i32) (param $out i32)
    (local $end i32) (local $a v128) (local $b v128) (local $weights v128) (local $others v128) (local $sum v128)
    (local.set $weights (i16x8.splat (local.get $v)))
    (local.set $others (i16x8.splat (local.get $w)))
    (local.set $end (i32.add (local.get $out) (local.get $count)))
    (loop $values
      (local.set $a (v128.load (local.get $upper)))
      (local.set $b (v128.load (local.get $lower)))
      (local.set $sum (i16x8.narrow_i32x4_s
        (i32x4.add
          (i32x4.shr_s (i32x4.extmul_low_i16x8_s (local.get $a) (local.get $weights)) (i32.const 16))
          (i32x4.shr_s (i32x4.extmul_low_i16x8_s (local.get $b) (local.get $others)) (i32.const 16)))
        (i32x4.add
          (i32x4.shr_s (i32x4.extmul_high_i16x8_s (local.get $a) (local.get $weights)) (i32.const 16))
          (i32x4.shr_s (i32x4.extmul_high_i16x8_s (local.get $b) (local.get $others)) (i32.const 16)))))
      (local.set $sum (i16x8.shr_s (i16x8.add (local.get $sum) (i16x8.splat (i32.const 2))) (i32.const 2)))
      (v128.store64_lane 0 (local.get $out) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
      (local.set $upper (i32.add (local.get $upper) (i32.const 16)))
      (local.set $lower (i32.add (local.get $lower) (i32.const 16)))
      (br_if $values (i32.lt_u (local.tee $out (i32.add (local.get $out) (i32.const 8))) (local.get $end))))))
