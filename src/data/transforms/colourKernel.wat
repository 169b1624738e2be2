;; The loops of photometricDistortion.ts in WebAssembly with 128-bit SIMD, on RGB bytes in place. There are no helper functions:
;; calls are not inlined and would take longer than what they do.
;; `node scripts/build-kernels.mjs` turns this file into colourKernel.ts.
(module
  (memory (export "memory") 1)

  ;; byte * factor + shift in float32, cut off to a byte, for `bytes` bytes (rounded up to a multiple of 16) from `at` on.
  (func (export "levels") (param $at i32) (param $bytes i32) (param $factor f32) (param $shift f32)
    (local $end i32) (local $factors v128) (local $shifts v128)
    (local $low v128) (local $high v128) (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $factors (f32x4.splat (local.get $factor)))
    (local.set $shifts (f32x4.splat (local.get $shift)))
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (loop $next
      (local.set $low (i16x8.extend_low_i8x16_u (v128.load (local.get $at))))
      (local.set $high (i16x8.extend_high_i8x16_u (v128.load (local.get $at))))
      (local.set $a (f32x4.convert_i32x4_u (i32x4.extend_low_i16x8_u (local.get $low))))
      (local.set $b (f32x4.convert_i32x4_u (i32x4.extend_high_i16x8_u (local.get $low))))
      (local.set $c (f32x4.convert_i32x4_u (i32x4.extend_low_i16x8_u (local.get $high))))
      (local.set $d (f32x4.convert_i32x4_u (i32x4.extend_high_i16x8_u (local.get $high))))
      (local.set $a (f32x4.add (f32x4.mul (local.get $a) (local.get $factors)) (local.get $shifts)))
      (local.set $b (f32x4.add (f32x4.mul (local.get $b) (local.get $factors)) (local.get $shifts)))
      (local.set $c (f32x4.add (f32x4.mul (local.get $c) (local.get $factors)) (local.get $shifts)))
      (local.set $d (f32x4.add (f32x4.mul (local.get $d) (local.get $factors)) (local.get $shifts)))
      (v128.store (local.get $at) (i8x16.narrow_i16x8_u
        (i16x8.narrow_i32x4_s (i32x4.trunc_sat_f32x4_s (local.get $a)) (i32x4.trunc_sat_f32x4_s (local.get $b)))
        (i16x8.narrow_i32x4_s (i32x4.trunc_sat_f32x4_s (local.get $c)) (i32x4.trunc_sat_f32x4_s (local.get $d)))))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end)))))

  ;; `pixels` pixels (rounded up to a multiple of 4) from `at` on: to HSV, saturation times `factor`, hue plus `turn` (0 to 179), back.
  ;; `tables` holds 256 i32 of 255 / value and 256 of 30 / chroma, with 12 fractional bits. Reads four bytes beyond the last pixel.
  (func (export "hsv") (param $at i32) (param $pixels i32) (param $tables i32) (param $factor f32) (param $turn i32)
    (local $end i32) (local $raw v128) (local $r v128) (local $g v128) (local $b v128)
    (local $value v128) (local $chroma v128) (local $hue v128) (local $saturation v128)
    (local $entries v128) (local $over v128) (local $half v128)
    (local $sector v128) (local $place v128) (local $high v128) (local $middle v128) (local $low v128)
    (local.set $half (v128.const i32x4 2048 2048 2048 2048))
    (local.set $end (i32.add (local.get $at) (i32.mul (local.get $pixels) (i32.const 3))))
    (loop $next
      (local.set $raw (v128.load (local.get $at)))
      (local.set $r (i8x16.shuffle 0 16 16 16 3 16 16 16 6 16 16 16 9 16 16 16 (local.get $raw) (v128.const i32x4 0 0 0 0)))
      (local.set $g (i8x16.shuffle 1 16 16 16 4 16 16 16 7 16 16 16 10 16 16 16 (local.get $raw) (v128.const i32x4 0 0 0 0)))
      (local.set $b (i8x16.shuffle 2 16 16 16 5 16 16 16 8 16 16 16 11 16 16 16 (local.get $raw) (v128.const i32x4 0 0 0 0)))
      (local.set $value (i32x4.max_s (i32x4.max_s (local.get $r) (local.get $g)) (local.get $b)))
      (local.set $chroma (i32x4.sub (local.get $value) (i32x4.min_s (i32x4.min_s (local.get $r) (local.get $g)) (local.get $b))))

      ;; saturation = chroma * 255 / value
      (local.set $entries (i32x4.add (i32x4.splat (local.get $tables)) (i32x4.shl (local.get $value) (i32.const 2))))
      (local.set $over (v128.load32_zero (i32x4.extract_lane 0 (local.get $entries))))
      (local.set $over (v128.load32_lane 1 (i32x4.extract_lane 1 (local.get $entries)) (local.get $over)))
      (local.set $over (v128.load32_lane 2 (i32x4.extract_lane 2 (local.get $entries)) (local.get $over)))
      (local.set $over (v128.load32_lane 3 (i32x4.extract_lane 3 (local.get $entries)) (local.get $over)))
      (local.set $saturation (i32x4.shr_s
        (i32x4.add (i32x4.mul (local.get $chroma) (local.get $over)) (local.get $half)) (i32.const 12)))

      ;; hue = place on the circle * 30 / chroma
      (local.set $entries (i32x4.add (i32x4.splat (local.get $tables)) (i32x4.shl (local.get $chroma) (i32.const 2))))
      (local.set $over (v128.load32_zero offset=1024 (i32x4.extract_lane 0 (local.get $entries))))
      (local.set $over (v128.load32_lane offset=1024 1 (i32x4.extract_lane 1 (local.get $entries)) (local.get $over)))
      (local.set $over (v128.load32_lane offset=1024 2 (i32x4.extract_lane 2 (local.get $entries)) (local.get $over)))
      (local.set $over (v128.load32_lane offset=1024 3 (i32x4.extract_lane 3 (local.get $entries)) (local.get $over)))
      (local.set $hue (v128.bitselect
        (i32x4.sub (local.get $g) (local.get $b))
        (v128.bitselect
          (i32x4.add (i32x4.sub (local.get $b) (local.get $r)) (i32x4.shl (local.get $chroma) (i32.const 1)))
          (i32x4.add (i32x4.sub (local.get $r) (local.get $g)) (i32x4.shl (local.get $chroma) (i32.const 2)))
          (i32x4.eq (local.get $value) (local.get $g)))
        (i32x4.eq (local.get $value) (local.get $r))))
      (local.set $hue (i32x4.shr_s (i32x4.add (i32x4.mul (local.get $hue) (local.get $over)) (local.get $half)) (i32.const 12)))
      ;; into 0 to 179, turned, into 0 to 179 again
      (local.set $hue (i32x4.add (local.get $hue) (v128.and (v128.const i32x4 180 180 180 180)
        (i32x4.lt_s (local.get $hue) (v128.const i32x4 0 0 0 0)))))
      (local.set $hue (i32x4.add (local.get $hue) (i32x4.splat (local.get $turn))))
      (local.set $hue (i32x4.sub (local.get $hue) (v128.and (v128.const i32x4 180 180 180 180)
        (i32x4.ge_s (local.get $hue) (v128.const i32x4 180 180 180 180)))))
      (local.set $saturation (i32x4.min_s (v128.const i32x4 255 255 255 255) (i32x4.trunc_sat_f32x4_s
        (f32x4.mul (f32x4.convert_i32x4_s (local.get $saturation)) (f32x4.splat (local.get $factor))))))

      ;; from here on value, saturation and hue are float32: shares of 1, and of six sectors
      (local.set $value (f32x4.mul (f32x4.convert_i32x4_s (local.get $value))
        (f32x4.splat (f32.div (f32.const 1) (f32.const 255)))))
      (local.set $saturation (f32x4.mul (f32x4.convert_i32x4_s (local.get $saturation))
        (f32x4.splat (f32.div (f32.const 1) (f32.const 255)))))
      (local.set $hue (f32x4.mul (f32x4.convert_i32x4_s (local.get $hue)) (f32x4.splat (f32.div (f32.const 1) (f32.const 30)))))
      (local.set $sector (i32x4.trunc_sat_f32x4_s (local.get $hue)))
      (local.set $place (f32x4.sub (local.get $hue) (f32x4.convert_i32x4_s (local.get $sector))))
      ;; how much of the saturation the middle channel loses: the place in the sector, from whichever end is brighter
      (local.set $place (v128.bitselect (local.get $place) (f32x4.sub (v128.const f32x4 1 1 1 1) (local.get $place))
        (i32x4.shr_s (i32x4.shl (local.get $sector) (i32.const 31)) (i32.const 31))))
      ;; 1 - saturation * place, rounded once, in two halves
      (local.set $middle (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
        (f32x4.demote_f64x2_zero (f64x2.sub (v128.const f64x2 1 1) (f64x2.mul
          (f64x2.promote_low_f32x4 (local.get $saturation)) (f64x2.promote_low_f32x4 (local.get $place)))))
        (f32x4.demote_f64x2_zero (f64x2.sub (v128.const f64x2 1 1) (f64x2.mul
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 0 0 0 0 0 0 0 0 (local.get $saturation) (local.get $saturation)))
          (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 0 0 0 0 0 0 0 0 (local.get $place) (local.get $place))))))))
      (local.set $middle (f32x4.mul (local.get $value) (local.get $middle)))
      (local.set $low (f32x4.mul (local.get $value) (f32x4.sub (v128.const f32x4 1 1 1 1) (local.get $saturation))))
      (local.set $high (i32x4.trunc_sat_f32x4_s (f32x4.mul (local.get $value) (v128.const f32x4 255 255 255 255))))
      (local.set $middle (i32x4.trunc_sat_f32x4_s (f32x4.mul (local.get $middle) (v128.const f32x4 255 255 255 255))))
      (local.set $low (i32x4.trunc_sat_f32x4_s (f32x4.mul (local.get $low) (v128.const f32x4 255 255 255 255))))

      ;;          sector 0  1  2  3  4  5
      ;; red             h  m  l  l  m  h
      ;; green           m  h  h  m  l  l
      ;; blue            l  l  m  h  h  m
      (local.set $r (v128.bitselect (local.get $low) (v128.bitselect (local.get $middle) (local.get $high)
          (v128.or (i32x4.eq (local.get $sector) (v128.const i32x4 1 1 1 1)) (i32x4.eq (local.get $sector) (v128.const i32x4 4 4 4 4))))
        (v128.or (i32x4.eq (local.get $sector) (v128.const i32x4 2 2 2 2)) (i32x4.eq (local.get $sector) (v128.const i32x4 3 3 3 3)))))
      (local.set $g (v128.bitselect (local.get $high) (v128.bitselect (local.get $low) (local.get $middle)
          (i32x4.ge_s (local.get $sector) (v128.const i32x4 4 4 4 4)))
        (v128.or (i32x4.eq (local.get $sector) (v128.const i32x4 1 1 1 1)) (i32x4.eq (local.get $sector) (v128.const i32x4 2 2 2 2)))))
      (local.set $b (v128.bitselect (local.get $high) (v128.bitselect (local.get $low) (local.get $middle)
          (i32x4.lt_s (local.get $sector) (v128.const i32x4 2 2 2 2)))
        (v128.or (i32x4.eq (local.get $sector) (v128.const i32x4 3 3 3 3)) (i32x4.eq (local.get $sector) (v128.const i32x4 4 4 4 4)))))
      (local.set $raw (v128.or (local.get $r)
        (v128.or (i32x4.shl (local.get $g) (i32.const 8)) (i32x4.shl (local.get $b) (i32.const 16)))))
      (local.set $raw (i8x16.shuffle 0 1 2 4 5 6 8 9 10 12 13 14 0 0 0 0 (local.get $raw) (local.get $raw)))
      (v128.store64_lane 0 (local.get $at) (local.get $raw))
      (v128.store32_lane offset=8 2 (local.get $at) (local.get $raw))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 12))) (local.get $end))))))
