//! Builds the few lines of C++ around boost, if its headers are there.

fn main() {
    println!("cargo::rerun-if-changed=src/rivals/boost.cpp");
    println!("cargo::rerun-if-env-changed=CPLUS_INCLUDE_PATH");
    println!("cargo::rustc-check-cfg=cfg(boost)");
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").opt_level(2).warnings(false).cargo_warnings(false);
    match build.file("src/rivals/boost.cpp").try_compile("boost_queue") {
        Ok(()) => {
            println!("cargo::rustc-cfg=boost");
            println!("cargo::rustc-link-lib=rt");
        }
        Err(_) => println!("cargo::warning=boost::interprocess is not here, so it will be skipped"),
    }
}
